// What a load that begins anew does to the rows of a replica.
#include <filesystem>
#include <gtest/gtest.h>

#include "consumer/replica.hpp"
#include "tests/support/sqlite_reader.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::consumer {
namespace {

class ReplicaLoad : public ::testing::Test {
 protected:
  ReplicaLoad() {
    window([this] { event(1, Op::Relation, relation); });
  }

  template <typename Content>
  void window(const Content& content) {
    replica_.begin();
    content();
    ++next_transaction_;
    replica_.commit({{1, 1, 1}, Snapshot(next_transaction_, next_transaction_, {})});
  }

  void event(EventId id, Op op, const std::string& payload) {
    EventBatch batch;
    batch.add({id, 1, "public.t", op, payload});
    const auto& buffer = batch.payloads().texts();
    batch.for_each([&](const Event& one) { replica_.apply(one, buffer.data() + buffer.size()); });
  }

  void chunk(const std::vector<std::string>& rows, bool ends_load, bool gives_up = false) {
    LoadChunk piece{"public.t", {}, {"0"}, true, ends_load, 0, gives_up};
    for (const auto& row : rows) piece.rows.add(row);
    replica_.apply(piece);
  }

  std::string ids() {
    return test::SqliteReader(file_).text("SELECT group_concat(id, ' ') FROM (SELECT id FROM t ORDER BY id)");
  }

  static constexpr auto relation =
      R"({"schema":"public","table":"t","key":["id"],"columns":[{"name":"id","type":"integer","number":1}]})";
  test::TempDir directory_;
  const std::string file_ = directory_.path() / "replica.db";
  Replica replica_{file_, "test"};
  TransactionId next_transaction_ = 1;
};

TEST_F(ReplicaLoad, RowsThatNobodyHasSeenSinceItBeganAreGoneWhenItEnds) {
  window([this] { event(2, Op::Insert, R"({"id":1})"); });
  window([this] { event(3, Op::Insert, R"({"id":2})"); });
  window([this] {
    replica_.begin_load("public.t");
    chunk({R"({"id":2})"}, false);
  });
  EXPECT_EQ(ids(), "1 2") << "until it ends, nothing goes";
  window([this] { chunk({R"({"id":3})"}, true); });
  EXPECT_EQ(ids(), "2 3");
}

TEST_F(ReplicaLoad, AnOlderEventThatCommitsDuringItKeepsItsRow) {
  window([this] { event(9, Op::Insert, R"({"id":9})"); });
  window([this] {
    replica_.begin_load("public.t");
    chunk({R"({"id":9})"}, false);
  });
  window([this] { event(5, Op::Insert, R"({"id":5})"); });
  window([this] { chunk({}, true); });
  EXPECT_EQ(ids(), "5 9");
}

TEST_F(ReplicaLoad, ALoadThatIsGivenUpTakesNothingAway) {
  window([this] { event(2, Op::Insert, R"({"id":1})"); });
  window([this] { replica_.begin_load("public.t"); });
  window([this] { chunk({}, true, true); });
  EXPECT_EQ(ids(), "1");
  EXPECT_TRUE(replica_.unfinished_loads().empty());
}

}  // namespace
}  // namespace mailboat::consumer
