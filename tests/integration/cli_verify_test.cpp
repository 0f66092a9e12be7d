#include <signal.h>

#include "tests/integration/cli_operation_fixture.hpp"
#include "tests/support/process.hpp"

namespace mailboat::test {
namespace {

constexpr auto three_differences = R"([
  {"kind": "missing", "key": "id = 7", "columns": [], "repaired": false, "error": null},
  {"kind": "different", "key": "id = 8", "columns": ["name", "e mail"], "repaired": false, "error": null},
  {"kind": "extra", "key": "id = 9", "columns": [], "repaired": false, "error": null}])";

class CliVerify : public CliOperations {
 protected:
  Said verify(const Found& a, std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"verify", "shop", "--tables", "a"});
    return mailboat_while(std::move(options), [&] { table_verified("public.a", a); });
  }

  std::string in_json(const std::string& json, const std::string& path) {
    return value("SELECT $1::jsonb #>> $2::text[]", {json, path});
  }
};

TEST_F(CliVerify, EndsWithCodeZeroWhenNothingDiffers) {
  const auto said = mailboat_while({"verify", "shop"}, [this] {
    table_verified("public.a", {.rows = 1234});
    table_verified("public.b", {.rows = 5});
  });
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_TRUE(contains(said.out, "public.a  completed  1,234  0        0      0          0         20"))
      << said.out;
  EXPECT_TRUE(contains(said.out, "2 tables of the replica of subscription shop are equal to the source\n"))
      << said.out;
}

TEST_F(CliVerify, ListsEachDifferenceAndEndsWithCodeOne) {
  const auto said =
      verify({.rows = 10, .missing = 1, .extra = 1, .different = 1, .differences = three_differences});
  EXPECT_EQ(said.code, ExitCode::Failed);
  EXPECT_TRUE(contains(said.out,
                       "\npublic.a: missing id = 7\n"
                       "public.a: different id = 8: name, e mail\n"
                       "public.a: extra id = 9\n"
                       "3 differences. Mend them with: mailboat verify shop --repair\n"))
      << said.out;
}

TEST_F(CliVerify, SaysHowManyDifferencesAreNotListed) {
  const auto said =
      verify({.rows = 10, .missing = 2000, .extra = 1, .different = 1, .differences = three_differences});
  EXPECT_TRUE(contains(said.out, "\npublic.a: 1,999 more differences, not listed\n")) << said.out;
}

TEST_F(CliVerify, EndsWithCodeZeroWhenRepairHasMendedEverything) {
  const auto said = verify({.rows = 10,
                            .missing = 1,
                            .repaired = 1,
                            .differences = R"([{"kind": "missing", "key": "id = 7", "repaired": true}])"},
                           {"--repair"});
  EXPECT_EQ(said.code, ExitCode::Done);
  EXPECT_TRUE(contains(said.out, "public.a: missing id = 7 (mended)\n1 difference mended: ")) << said.out;
  EXPECT_EQ(value("SELECT repair FROM outbox.operation"), "t");
}

TEST_F(CliVerify, EndsWithCodeOneWhenSomethingCouldNotBeMended) {
  const auto said = verify({.rows = 10,
                            .missing = 2,
                            .repaired = 1,
                            .differences = R"([{"kind": "missing", "key": "id = 7", "repaired": true},
                          {"kind": "missing", "key": "id = 8", "repaired": false, "error": "UNIQUE constraint failed"}])"},
                           {"--repair"});
  EXPECT_EQ(said.code, ExitCode::Failed);
  EXPECT_TRUE(contains(said.out, "public.a: missing id = 8 (UNIQUE constraint failed)\n")) << said.out;
  EXPECT_TRUE(contains(said.out, "2 differences, of which 1 could not be mended")) << said.out;
}

TEST_F(CliVerify, EndsWithCodeOneWhenATableCouldNotBeCompared) {
  const auto said = verify({.error = "there is no table a"});
  EXPECT_EQ(said.code, ExitCode::Failed);
  EXPECT_TRUE(contains(said.out, "verification 1 failed: public.a: there is no table a\n")) << said.out;
}

TEST_F(CliVerify, JsonHoldsEverything) {
  const auto said = verify(
      {.rows = 10, .missing = 1, .extra = 1, .different = 1, .differences = three_differences}, {"--json"});
  EXPECT_EQ(said.code, ExitCode::Failed);
  EXPECT_EQ(in_json(said.out, "{well}"), "false");
  EXPECT_EQ(in_json(said.out, "{status}"), "completed");
  EXPECT_EQ(in_json(said.out, "{tables,0,rows}"), "10");
  EXPECT_EQ(in_json(said.out, "{tables,0,verified_through}"), "100:100:");
  EXPECT_EQ(in_json(said.out, "{tables,0,differences,1,columns,1}"), "e mail");
  EXPECT_EQ(in_json(said.out, "{tables,0,differences,2,key}"), "id = 9");
}

TEST_F(CliVerify, CancellingItEndsTheWait) {
  const auto said = mailboat_while({"verify", "shop"}, [this] { done({"cancel", "1"}); });
  EXPECT_EQ(said.code, ExitCode::Failed);
  EXPECT_TRUE(contains(said.out, "verification 1 was cancelled by ")) << said.out;
}

TEST_F(CliVerify, SaysWhatItWaitsForAndGoesOnWithoutItsOperator) {
  consumer_leaves();
  Process verify({program("mailboat"), "--postgres", conninfo, "verify", "shop", "--tables", "a"});
  ASSERT_TRUE(verify.wait_for_output("verification 1 waits: no mailboat-consumer of subscription shop"));
  verify.kill(SIGINT);
  EXPECT_EQ(verify.wait(std::chrono::seconds(30)), 1);
  EXPECT_TRUE(contains(verify.errors(),
                       "verification 1 of subscription shop goes on: mailboat operation 1 shows how it goes, "
                       "mailboat cancel 1 ends it\n"))
      << verify.errors();
  EXPECT_EQ(value("SELECT status FROM outbox.operation"), "requested");
  table_verified("public.a", {.rows = 3});
  const auto said = mailboat({"operation", "1"});
  EXPECT_EQ(said.code, ExitCode::Done);
  EXPECT_TRUE(contains(said.out, "equal to the source")) << said.out;
}

TEST_F(CliVerify, NamesTheWayBackWhenTheConnectionIsLost) {
  const auto said = mailboat_while({"verify", "shop"}, [this] {
    ASSERT_TRUE(eventually([this] {
      return !application
                  .query(
                      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
                      "'mailboat' "
                      "AND datname = current_database() AND query NOT LIKE '%request_verify%'")
                  .empty();
    }));
  });
  EXPECT_EQ(said.code, ExitCode::Failed);
  EXPECT_TRUE(contains(said.err, "come back to it with: mailboat operation 1\n")) << said.err;
}

}  // namespace
}  // namespace mailboat::test
