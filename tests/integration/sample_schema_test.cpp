// Whole schemas as people have them, carried without a route file, and every value compared with what
// PostgreSQL says.
#include <fstream>
#include <sstream>

#include "tests/integration/cli_fixture.hpp"
#include "tests/integration/pipeline_fixture.hpp"

namespace mailboat::test {
namespace {

std::string read(const std::string& sample) {
  std::ifstream stream(std::string(MAILBOAT_SOURCE_DIR) + "/tests/integration/samples/" + sample + ".sql");
  if (!stream) throw std::runtime_error("there is no sample " + sample);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

class SampleSchema : public Pipeline, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    sql(read(GetParam()));
    const auto tables = connection.query(
        "SELECT c.oid::regclass, CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '_' END || c.relname"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname IN ('public', 'archive') "
        "ORDER BY 2");
    for (int row = 0; row < tables.size(); ++row) {
      tables_.emplace_back(tables.text(row, 0), tables.text(row, 1));
      connection.query("SELECT outbox.track($1::text::regclass)", {tables_.back().first});
    }
    subscribe();
    start_producer();
  }

  void expect_all_equal() {
    for (const auto& [source, replica] : tables_) expect_equal(source, replica);
  }
  void change() { sql(read(std::string(GetParam()) + "_changes")); }

  std::vector<std::pair<std::string, std::string>> tables_;
};

TEST_P(SampleSchema, IsLoadedValueByValue) {
  EXPECT_GE(tables_.size(), 7U);
  catch_up();
  expect_all_equal();
}

TEST_P(SampleSchema, StaysEqualThroughItsDay) {
  catch_up();
  change();
  catch_up();
  expect_all_equal();
}

TEST_P(SampleSchema, IsVerifiedWithoutADifference) {
  start_consumer();
  change();
  const auto verified = mailboat(conninfo, {"verify", "replica"});
  EXPECT_EQ(verified.code, ExitCode::Done) << verified.out << verified.err << said();
}

INSTANTIATE_TEST_SUITE_P(All, SampleSchema, testing::Values("rental", "trade"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace mailboat::test
