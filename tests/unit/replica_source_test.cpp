// Several sources in one SQLite file: what one of them does, and what the other must not notice.
#include <fstream>
#include <gmock/gmock.h>
#include <thread>

#include "consumer/backup.hpp"
#include "consumer/own_tables.hpp"
#include "consumer/storage_error.hpp"
#include "tests/support/eventually.hpp"
#include "tests/unit/replica_fixture.hpp"

namespace mailboat::consumer {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// Two databases that are alike to the last event id, `eu` and `us`: each has `public.t (id integer primary
/// key, v text)`, and event number n belongs to transaction n.
class TwoSources : public ::testing::Test {
 protected:
  TwoSources() {
    for (auto* replica : {eu.get(), us.get()}) {
      window(*replica, 1, [&] { event(*replica, 1, Op::Relation, ReplicaTexts::relation); });
    }
  }

  struct ReplicaTexts : ReplicaFixture {
    using ReplicaFixture::relation;
    using ReplicaFixture::row;
  };

  std::unique_ptr<Replica> open(const std::string& source, const std::string& prefix,
                                const std::string& subscription = "shop") {
    Replica::Options options{path, subscription, {}, 10};
    options.owner = {source, prefix};
    return std::make_unique<Replica>(options, shared);
  }

  template <typename Content>
  static void window(Replica& replica, TransactionId covered, const Content& content) {
    replica.begin();
    content();
    replica.commit({{1, 1, 1}, Snapshot(covered + 1, covered + 1, {})});
  }
  static void event(Replica& replica, EventId id, Op op, const std::string& payload) {
    EventBatch events;
    events.add({id, id, "public.t", op, payload});
    replica.apply(events);
  }
  static void upsert(Replica& replica, EventId id, int key, const std::string& value) {
    event(replica, id, Op::Update, ReplicaTexts::row(key, value));
  }
  static void load(Replica& replica, int key, const std::string& value, bool ends_load) {
    LoadChunk piece{"public.t", {}, {std::to_string(key)}, true, ends_load, 0, false};
    piece.rows.add(ReplicaTexts::row(key, value));
    replica.apply(piece);
  }
  static RetryOutcome::Result retry(Replica& replica, EventId id, int key, const std::string& value) {
    EventBatch events;
    events.add({id, id, "public.t", Op::Update, ReplicaTexts::row(key, value)});
    return replica.retry(events).outcomes.front().result;
  }
  static std::vector<EventId> rejected(Replica& replica) {
    std::vector<EventId> ids;
    for (const auto& one : replica.unconfirmed(0).rejections) ids.push_back(one.event_id);
    return ids;
  }
  void by_hand(const std::string& statements) const {
    SQLite::Database(path, SQLite::OPEN_READWRITE, 10'000).exec(statements);
  }
  [[nodiscard]] std::string rows(const std::string& table) const {
    return test::SqliteReader(path).text(
        "SELECT coalesce(group_concat(id || '=' || coalesce(v, 'NULL'), ' '), '') FROM (SELECT * FROM " +
        table + " ORDER BY id)");
  }
  [[nodiscard]] std::int64_t number(const std::string& query) const {
    return test::SqliteReader(path).number(query);
  }

  test::TempDir directory;
  const std::string path = directory.path() / "replica.db";
  const std::shared_ptr<ReplicaFile> shared = std::make_shared<ReplicaFile>(path);
  std::unique_ptr<Replica> eu = open("eu", "eu_");
  std::unique_ptr<Replica> us = open("us", "us_");
};

TEST_F(TwoSources, HaveTablesAndCursorsOfTheirOwn) {
  window(*eu, 2, [&] { upsert(*eu, 2, 1, "europe"); });
  window(*us, 5, [&] { upsert(*us, 2, 1, "america"); });
  EXPECT_EQ(rows("eu_t"), "1=europe");
  EXPECT_EQ(rows("us_t"), "1=america");
  eu = open("eu", "eu_");
  us = open("us", "us_");
  EXPECT_EQ(eu->cursor()->snapshot, Snapshot(3, 3, {}));
  EXPECT_EQ(us->cursor()->snapshot, Snapshot(6, 6, {}));
  EXPECT_EQ(eu->last_event_id(), 2U);
}

TEST_F(TwoSources, KeepRejectionsOfTheSameEventApart) {
  by_hand(
      "CREATE TRIGGER eu_no BEFORE INSERT ON eu_t BEGIN SELECT RAISE(ABORT, 'not in eu'); END;"
      "CREATE TRIGGER us_no BEFORE INSERT ON us_t BEGIN SELECT RAISE(ABORT, 'not in us'); END");
  window(*eu, 2, [&] { upsert(*eu, 2, 1, "europe"); });
  window(*us, 2, [&] { upsert(*us, 2, 1, "america"); });
  EXPECT_THAT(eu->unconfirmed(0).rejections.front().error, HasSubstr("not in eu"));
  EXPECT_THAT(us->unconfirmed(0).rejections.front().error, HasSubstr("not in us"));
  eu->confirm({2});
  EXPECT_TRUE(rejected(*eu).empty());
  EXPECT_EQ(rejected(*us), (std::vector<EventId>{2}));
  by_hand("DROP TRIGGER us_no");
  EXPECT_EQ(retry(*us, 2, 1, "america"), RetryOutcome::Result::Applied);
  EXPECT_TRUE(rejected(*us).empty());
  EXPECT_EQ(rows("us_t"), "1=america");
  EXPECT_EQ(rows("eu_t"), "");
  EXPECT_EQ(us->retries(), 1U);
  EXPECT_EQ(eu->retries(), 0U) << "each source's PostgreSQL counts its own";
}

TEST_F(TwoSources, LoadWithoutTouchingEachOther) {
  window(*us, 2, [&] { upsert(*us, 2, 7, "old"); });
  window(*eu, 2, [&] { upsert(*eu, 2, 7, "old"); });
  window(*eu, 3, [&] {
    eu->begin_load("public.t");
    load(*eu, 1, "a", false);
  });
  EXPECT_TRUE(us->unfinished_loads().empty());
  ASSERT_EQ(eu->unfinished_loads().size(), 1U);
  EXPECT_EQ(eu->unfinished_loads()[0].last_key, (std::vector<std::string>{"1"}));
  window(*us, 3, [&] {
    us->begin_load("public.t");
    load(*us, 5, "x", false);
  });
  window(*eu, 4, [&] { load(*eu, 2, "b", true); });
  EXPECT_EQ(rows("eu_t"), "1=a 2=b") << "its own old row is gone";
  EXPECT_EQ(rows("us_t"), "5=x 7=old") << "the other's load is not over";
  ASSERT_EQ(us->unfinished_loads().size(), 1U);
  EXPECT_EQ(us->unfinished_loads()[0].last_key, (std::vector<std::string>{"5"}));
  EXPECT_EQ(number("SELECT count(DISTINCT chunk) FROM _mailboat_load_chunk"), 3);
}

// A row that a load wrote is judged by its chunk's snapshot, and the snapshots of the sources tell nothing of
// each other.
TEST_F(TwoSources, JudgeARetryByTheirOwnLoads) {
  by_hand("CREATE TRIGGER us_no BEFORE INSERT ON us_t BEGIN SELECT RAISE(ABORT, 'no'); END");
  window(*us, 2, [&] { upsert(*us, 2, 1, "america"); });
  by_hand("DROP TRIGGER us_no");
  window(*eu, 90, [&] {
    eu->begin_load("public.t");
    load(*eu, 1, "a", true);
  });
  EXPECT_EQ(retry(*us, 2, 1, "america"), RetryOutcome::Result::Applied) << "only eu has been loaded";
  EXPECT_EQ(retry(*eu, 2, 1, "late"), RetryOutcome::Result::Superseded);
  EXPECT_EQ(rows("us_t"), "1=america");
  EXPECT_EQ(rows("eu_t"), "1=a");
}

TEST_F(TwoSources, VerifyOnlyTheirOwn) {
  window(*eu, 2, [&] { upsert(*eu, 2, 1, "a"); });
  window(*us, 2, [&] { upsert(*us, 2, 1, "a"); });
  by_hand("UPDATE eu_t SET v = 'wrong'; UPDATE us_t SET v = 'wrong'");
  const auto verify = [](Replica& replica) {
    LoadChunk piece{"public.t", {}, {"1"}, true, true, 0, false, LoadChunk::Purpose::Repair, 1, true};
    piece.rows.add(ReplicaTexts::row(1, "a"));
    replica.verify(piece);
  };
  window(*eu, 3, [&] { verify(*eu); });
  EXPECT_EQ(rows("eu_t"), "1=a");
  EXPECT_EQ(rows("us_t"), "1=wrong");
  EXPECT_TRUE(us->unconfirmed_verifications().empty());
  window(*us, 3, [&] { verify(*us); });
  eu->confirm_verification({1, "public.t"});
  EXPECT_TRUE(eu->unconfirmed_verifications().empty());
  ASSERT_EQ(us->unconfirmed_verifications().size(), 1U) << "operation 1 of the other source is another one";
  EXPECT_EQ(us->unconfirmed_verifications()[0].repaired, 1U);
}

TEST_F(TwoSources, ForgetTheirOwnHistoryOnly) {
  for (auto* replica : {eu.get(), us.get()}) {
    window(*replica, 4, [&] {
      upsert(*replica, 2, 1, "a");
      upsert(*replica, 3, 2, "b");
      event(*replica, 4, Op::Delete, R"({"id":2})");
    });
    window(*replica, 5, [&] { replica->begin_load("public.t"); });
    window(*replica, 6, [&] { load(*replica, 9, "loaded", false); });
  }
  by_hand(
      "INSERT INTO _mailboat_rejection (source, event_id, txid, error) VALUES ('eu', 3, 3, ''), ('us', 3, 3, "
      "'')");
  const std::string of_us =
      "SELECT (SELECT group_concat(id || ':' || _version) FROM us_t) || (SELECT count(*) FROM "
      "_mailboat_tombstone "
      "WHERE table_name = 'us_t') || (SELECT group_concat(snapshot) FROM _mailboat_load_chunk WHERE source = "
      "'us') "
      "|| (SELECT group_concat(event_id) FROM _mailboat_relation WHERE source = 'us') || (SELECT count(*) "
      "FROM "
      "_mailboat_rejection WHERE source = 'us') || (SELECT count(*) FROM _mailboat_load_key WHERE source = "
      "'us')";
  const auto before = test::SqliteReader(path).text(of_us);
  window(*eu, 7, [&] { eu->forget_history(0); });
  EXPECT_EQ(test::SqliteReader(path).text(of_us), before);
  EXPECT_EQ(number("SELECT max(_version) FROM eu_t"), 0);
  EXPECT_EQ(number("SELECT count(*) FROM _mailboat_tombstone WHERE table_name = 'eu_t'"), 0);
  EXPECT_TRUE(rejected(*eu).empty());
  EXPECT_TRUE(eu->unfinished_loads().empty());
  EXPECT_EQ(us->unfinished_loads().size(), 1U);
}

TEST_F(TwoSources, DoNotShareATable) {
  const auto third = open("asia", "EU_", "other");
  third->begin();
  EXPECT_THAT([&] { event(*third, 1, Op::Relation, ReplicaTexts::relation); },
              ThrowsMessage<TableTaken>(HasSubstr(
                  "topic public.t of source 'asia' would become SQLite table 'EU_t', which holds the rows "
                  "of source 'eu'. Give the [[source]] 'asia' a prefix of its own")));
  third->rollback();
  Route route;
  route.topic = "app";
  route.table = "us_t";
  route.key = {"id"};
  Replica::Options routed{path, "other", {route}};
  routed.owner = {"app", ""};
  EXPECT_THAT([&] { Replica(routed, shared); },
              ThrowsMessage<ConfigurationError>(HasSubstr("holds the rows of source 'us'")));
}

TEST_F(TwoSources, WaitForEachOthersTransactions) {
  eu->begin();
  upsert(*eu, 2, 1, "a");
  std::jthread other([&] {
    window(*us, 2, [&] { upsert(*us, 2, 1, "b"); });
    us->confirm({1});
  });
  ASSERT_TRUE(test::eventually([&] { return shared->turn_is_wanted(); }));
  eu->confirm({77});  // within its own transaction
  EXPECT_EQ(rows("us_t"), "");
  eu->commit({{1, 1, 1}, Snapshot(3, 3, {})});
  other.join();
  EXPECT_EQ(rows("us_t"), "1=b");
  eu->begin();
  eu->rollback();
  window(*us, 3, [&] { upsert(*us, 3, 1, "c"); });
  EXPECT_EQ(rows("us_t"), "1=c") << "a rollback ends the turn as well";
}

TEST_F(TwoSources, MayReopenTheFileWhileTheOtherHasIt) {
  us.reset();
  window(*eu, 2, [&] { upsert(*eu, 2, 1, "a"); });
  us = open("us", "us_");
  window(*us, 2, [&] { upsert(*us, 2, 1, "b"); });
  EXPECT_EQ(rows("us_t"), "1=b");
  EXPECT_THROW(Replica({path, "shop", {}}), Fatal) << "another process is kept out all the time";
}

TEST_F(TwoSources, OfACopyAreListed) {
  const auto made = back_up(path, directory.path() / "copy.db", [](std::int64_t, std::int64_t) {}, {});
  ASSERT_EQ(made.holds.size(), 2U);
  EXPECT_EQ(made.holds[0].source, "eu");
  EXPECT_EQ(made.holds[1].source, "us");
}

TEST_F(TwoSources, BelongToTheirSubscriptions) {
  EXPECT_THAT([&] { open("eu", "eu_", "books"); },
              ThrowsMessage<Fatal>(HasSubstr("source 'eu' of SQLite file '" + path +
                                             "' belongs to subscription 'shop', not to 'books'")));
}

// What docs/sources.md tells an operator to run for a source called `us`.
TEST_F(TwoSources, CanBeForgottenAsTheManualSays) {
  for (auto* replica : {eu.get(), us.get()}) {
    window(*replica, 4, [&] {
      upsert(*replica, 2, 1, "a");
      upsert(*replica, 3, 2, "b");
      event(*replica, 4, Op::Delete, R"({"id":2})");
      replica->begin_load("public.t");
      load(*replica, 1, "a", false);
    });
  }
  const std::string of_eu =
      "SELECT (SELECT count(*) FROM _mailboat_tombstone) || ' ' || (SELECT count(*) FROM "
      "_mailboat_load_chunk) || ' ' || (SELECT count(*) FROM _mailboat_load_key)";
  us.reset();
  std::ifstream stream(std::string(MAILBOAT_SOURCE_DIR) + "/docs/sources.md");
  std::string statements;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("DELETE FROM ") || line.starts_with("  AND ")) statements += line;
  }
  by_hand("DROP TABLE us_t;" + statements);
  EXPECT_EQ(test::SqliteReader(path).text(of_eu), "1 1 1");
  us = open("us", "", "other");
  EXPECT_FALSE(us->cursor().has_value());
  EXPECT_TRUE(us->unfinished_loads().empty());
  window(*us, 1, [&] { event(*us, 1, Op::Relation, ReplicaTexts::relation); });
  window(*us, 2, [&] { upsert(*us, 2, 1, "new"); });
  EXPECT_EQ(rows("t"), "1=new");
  EXPECT_EQ(eu->unfinished_loads().size(), 1U);
}

TEST_F(TwoSources, AreNotFollowedWithoutTheirNames) {
  eu.reset();
  us.reset();
  EXPECT_THAT(
      [&] {
        Replica({path, "shop", {}});
      },
      ThrowsMessage<Fatal>(HasSubstr("has sources with names, the first being 'eu'")));
}

class OneSource : public ReplicaFixture {};

TEST_F(OneSource, GetsANameWithAllThatTheFileHasOfIt) {
  by_hand("CREATE TRIGGER no BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'no'); END");
  window(2, [this] { upsert(2, 1, "a"); });
  by_hand("DROP TRIGGER no");
  window(3, [this] {
    upsert(3, 2, "b");
    replica->begin_load("public.t");
  });
  replica.reset();
  Replica::Options options{file, "test", {}};
  options.owner = {"main", ""};
  const auto shared = std::make_shared<ReplicaFile>(file);
  options.takes_over_unnamed = true;
  replica = std::make_unique<Replica>(options, shared);
  EXPECT_EQ(replica->last_event_id(), 3U);
  EXPECT_EQ(rejected(), (std::vector<EventId>{2}));
  EXPECT_EQ(replica->unfinished_loads().size(), 1U);
  window(4, [this] { upsert(4, 3, "c"); });
  EXPECT_EQ(rows(), "2=b 3=c");
}

TEST_F(OneSource, KeepsWhatItHasFromASourceOfAnotherSubscription) {
  window(2, [this] { upsert(2, 1, "a"); });
  replica.reset();
  Replica::Options options{file, "another", {}};
  options.owner = {"main", ""};
  options.takes_over_unnamed = true;
  const Replica other(options, std::make_shared<ReplicaFile>(file));
  EXPECT_FALSE(other.cursor().has_value());
}

TEST_F(OneSource, OfAFileFromBeforeTheFirstReleaseIsRefused) {
  replica.reset();
  by_hand("UPDATE _mailboat_replica SET format = 1");
  EXPECT_THAT(
      [&] {
        Replica({file, "test", {}});
      },
      ThrowsMessage<Fatal>(HasSubstr("was written by a mailboat from before its first release")));
  EXPECT_THAT([&] { back_up(file, directory.path() / "copy.db", [](std::int64_t, std::int64_t) {}, {}); },
              ThrowsMessage<Fatal>(HasSubstr("before its first release")));
}

}  // namespace
}  // namespace mailboat::consumer
