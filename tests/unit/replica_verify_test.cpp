#include "common/codec.hpp"
#include "tests/unit/replica_fixture.hpp"

namespace mailboat::consumer {
namespace {

using Kind = Difference::Kind;

class ReplicaVerify : public ReplicaFixture {
 protected:
  /// Of verification 1; each piece is a chunk of its own.
  void verify(const std::vector<std::string>& rows, bool begins, bool ends,
              LoadChunk::Purpose purpose = LoadChunk::Purpose::Verify) {
    LoadChunk piece{"public.t", {}, {"0"}, true, ends, 0, false, purpose, 1, begins};
    for (const auto& one : rows) piece.rows.add(one);
    replica->verify(piece);
  }
  void verify_all(TransactionId covered, const std::vector<std::string>& rows,
                  LoadChunk::Purpose purpose = LoadChunk::Purpose::Verify) {
    window(covered, [&] { verify(rows, true, true, purpose); });
  }
  /// What has been found, and is forgotten now: `missing "id" = 1`, with the columns after it.
  std::vector<std::string> found() {
    std::vector<std::string> texts;
    for (const auto& verified : replica->unconfirmed_verifications()) {
      if (!verified.error.empty()) texts.push_back(verified.error);
      for (const auto& difference : verified.differences) {
        auto text = difference.kind == Kind::Missing ? "missing "
                    : difference.kind == Kind::Extra ? "extra "
                                                     : "different ";
        texts.push_back(text + difference.key);
        for (const auto& column : difference.columns) texts.back() += " " + column;
        if (difference.repaired) texts.back() += " repaired";
      }
      replica->confirm_verification({verified.operation, verified.topic});
    }
    return texts;
  }
};

using Texts = std::vector<std::string>;

TEST_F(ReplicaVerify, EventsOfTheSameWindowCountBeforeItsRowsAreCompared) {
  window(2, [this] { upsert(2, 1, "a"); });
  window(3, [this] {
    upsert(3, 1, "b");
    verify({row(1, "b")}, true, true);
  });
  EXPECT_EQ(found(), Texts{});
}

TEST_F(ReplicaVerify, EventsThatHadToWaitForOthersCountToo) {
  by_hand("CREATE UNIQUE INDEX one_v ON t (v)");
  reopen();
  window(2, [this] {
    upsert(2, 1, "a");
    upsert(3, 2, "b");
  });
  window(4, [this] {
    upsert(4, 1, "b");
    upsert(5, 2, "a");
    verify({row(1, "b"), row(2, "a")}, true, true);
  });
  EXPECT_EQ(found(), Texts{});
}

TEST_F(ReplicaVerify, RowsThatEventsBringMeanwhileAreNotExtraWhateverTheirIds) {
  window(20, [this] {
    upsert(20, 1, "a");
    verify({row(1, "a")}, true, false);
  });
  window(21, [this] {
    upsert(5, 2, "late");  // took its id before the verification began
    upsert(21, 3, "new");
  });
  window(22, [this] { verify({}, false, true); });
  EXPECT_EQ(found(), Texts{});
}

TEST_F(ReplicaVerify, ARowAddedByHandIsExtraWhateverItsVersion) {
  by_hand("INSERT INTO t VALUES (1, 'x', 99999999), (2, 'y', -5), (3, 'z', 0)");
  verify_all(2, {});
  EXPECT_EQ(found(), (Texts{"extra \"id\" = 1", "extra \"id\" = 2", "extra \"id\" = 3"}));
}

TEST_F(ReplicaVerify, LettersThatOnlyACollationTakesForTheSameAreDifferent) {
  by_hand(
      "DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT COLLATE NOCASE, _version INTEGER NOT "
      "NULL)");
  reopen();
  window(2, [this] { upsert(2, 1, "a"); });
  verify_all(3, {row(1, "A")});
  EXPECT_EQ(found(), Texts{"different \"id\" = 1 v"});
}

TEST_F(ReplicaVerify, NullIsNotTheEmptyText) {
  window(2, [this] { event(2, Op::Insert, R"({"id":1,"v":null})"); });
  verify_all(3, {row(1, "")});
  EXPECT_EQ(found(), Texts{"different \"id\" = 1 v"});
  verify_all(4, {R"({"id":1,"v":null})"});
  EXPECT_EQ(found(), Texts{});
}

TEST_F(ReplicaVerify, AWindowThatIsRolledBackIsComparedOnceMore) {
  window(2, [this] {
    upsert(2, 1, "a");
    upsert(3, 2, "b");
  });
  window(3, [this] { verify({row(1, "a")}, true, false); });
  replica->begin();
  verify({row(2, "wrong")}, false, true);
  replica->rollback();
  ASSERT_TRUE(replica->running_verification().has_value());
  EXPECT_EQ(replica->running_verification()->position.rows, 1U);
  window(4, [this] { verify({row(2, "b")}, false, true); });
  EXPECT_EQ(found(), Texts{});
}

TEST_F(ReplicaVerify, WhatWasMendedStaysOnRecordWhenTheConsumerIsRestarted) {
  window(2, [this] {
    upsert(2, 1, "a");
    upsert(3, 2, "b");
  });
  by_hand("UPDATE t SET v = 'wrong'");
  const auto repair = LoadChunk::Purpose::Repair;
  window(4, [&] { verify({row(1, "a")}, true, false, repair); });
  reopen();
  EXPECT_FALSE(replica->running_verification().has_value()) << "what was seen is not known any more";
  verify_all(5, {row(1, "a"), row(2, "b")}, repair);
  EXPECT_EQ(found(), (Texts{"different \"id\" = 1 v repaired", "different \"id\" = 2 v repaired"}));
  EXPECT_EQ(rows(), "1=a 2=b");
}

TEST_F(ReplicaVerify, WhatWasFoundIsToldUntilItIsConfirmed) {
  by_hand("INSERT INTO t VALUES (1, 'x', 0)");
  verify_all(2, {});
  reopen();
  ASSERT_EQ(replica->unconfirmed_verifications().size(), 1U);
  EXPECT_EQ(replica->unconfirmed_verifications().front().snapshot, Snapshot::parse("3:3:"));
  EXPECT_EQ(found().size(), 1U);
  EXPECT_TRUE(replica->unconfirmed_verifications().empty());
}

TEST_F(ReplicaVerify, ARepairedTableKnowsWhatItsRowsCover) {
  by_hand("INSERT INTO t VALUES (1, 'x', 0)");
  verify_all(20, {}, LoadChunk::Purpose::Repair);
  EXPECT_EQ(rows(), "");
  EXPECT_EQ(retry_upsert(10, 1, "old"), RetryOutcome::Result::Superseded) << "it would raise the dead";
  EXPECT_EQ(retry_upsert(30, 1, "new"), RetryOutcome::Result::Applied);
}

TEST_F(ReplicaVerify, RowsThatMayNotBeRemovedAreToldAndStay) {
  by_hand(
      "INSERT INTO t VALUES (1, 'x', 0); CREATE TRIGGER keep BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, "
      "'keep'); END");
  verify_all(2, {}, LoadChunk::Purpose::Repair);
  EXPECT_EQ(found(), Texts{"extra \"id\" = 1"});
  EXPECT_EQ(rows(), "1=x");
}

TEST_F(ReplicaVerify, ALoadThatBeginsEndsIt) {
  window(2, [this] { verify({}, true, false); });
  window(3, [this] { replica->begin_load("public.t"); });
  EXPECT_FALSE(replica->running_verification().has_value());
  window(4, [this] { verify({row(1, "a")}, false, true); });
  EXPECT_EQ(found(), Texts{}) << "a chunk of something that has ended";
}

TEST_F(ReplicaVerify, ATableThatIsNotThereOrNotLoadedIsNotVerified) {
  window(2, [this] { replica->begin_load("public.t"); });
  verify_all(3, {});
  EXPECT_EQ(found(), Texts{"its load is not finished"});
  LoadChunk piece{"public.u", {}, {"0"}, true, true, 0, false, LoadChunk::Purpose::Verify, 1, true};
  window(4, [&] { replica->verify(piece); });
  EXPECT_EQ(found().front().find("there is no table for topic 'public.u'"), 0U);
}

TEST_F(ReplicaVerify, ManyWideRowsFitIntoWhatAProducerTakes) {
  std::string columns = R"({"name":"id","type":"integer","number":1})";
  std::string values = R"({"id":%,"x":0)";
  for (int i = 2; i < 400; ++i) {
    const auto name = "a_column_with_quite_a_long_name_" + std::to_string(i);
    columns += R"(,{"name":")" + name + R"(","type":"integer","number":)" + std::to_string(i) + "}";
    values += ",\"" + name + "\":1";
  }
  window(2, [&] {
    EventBatch events;
    events.add({2, 2, "public.w", Op::Relation,
                R"({"schema":"public","table":"w","key":["id"],"columns":[)" + columns + "]}"});
    apply(events);
  });
  by_hand(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
      " INSERT INTO w (id, _version) SELECT i, 0 FROM n");
  LoadChunk piece{"public.w", {}, {"0"}, true, true, 0, false, LoadChunk::Purpose::Verify, 1, true};
  for (int i = 1; i <= 1000; ++i) {
    auto row = values + "}";
    piece.rows.add(row.replace(row.find('%'), 1, std::to_string(i)));
  }
  window(3, [&] { replica->verify(piece); });
  const auto verified = replica->unconfirmed_verifications().front();
  EXPECT_EQ(verified.different, 1000U);
  EXPECT_FALSE(verified.differences.empty());
  EXPECT_LT(encode(FromConsumer{verified}).size(), std::size_t{4} << 20);
}

TEST_F(ReplicaVerify, MoreThanAThousandAreCountedAndTheFirstListed) {
  by_hand(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)"
      " INSERT INTO t SELECT i, 'x', 0 FROM n");
  verify_all(2, {});
  const auto verified = replica->unconfirmed_verifications().front();
  EXPECT_EQ(verified.extra, 1500U);
  EXPECT_EQ(verified.differences.size(), 1000U);
}

}  // namespace
}  // namespace mailboat::consumer
