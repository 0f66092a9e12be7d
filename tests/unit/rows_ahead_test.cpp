// Rows that are decoded before their turn are written as they would have been without that.
#include "consumer/rows_ahead.hpp"

#include <gmock/gmock.h>
#include <random>
#include <utility>

#include "tests/support/seed.hpp"
#include "tests/unit/replica_fixture.hpp"

namespace mailboat::consumer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Enough of them to be worth it.
constexpr int many = 400;
const std::string padding(100, 'x');

class RowsAheadTest : public ReplicaFixture {
 protected:
  RowsAheadTest() : decoder_(replica->columns_in_force()) {}

  static std::string text_of(int key) { return "value " + std::to_string(key) + padding; }
  void add(Op op, const std::string& payload) {
    const auto id = next_id_++;
    events_.add({id, id, "public.t", op, payload});
  }
  void add_rows(int from, int to) {
    for (int key = from; key < to; ++key) add(Op::Insert, row(key, text_of(key)));
  }

  /// Applies them in a window, as they were decoded, and returns how many were.
  std::size_t apply_decoded() {
    const auto rows = decoder_.decode(events_);
    const auto events = std::exchange(events_, {});  // as on its way from one thread to the other
    window(10'000, [&] { replica->apply(events, rows); });
    return rows.size();
  }

  [[nodiscard]] std::int64_t number(const std::string& query) const {
    return test::SqliteReader(file).number(query);
  }

  EventId next_id_ = 100;
  EventBatch events_;
  AheadDecoder decoder_;
};

TEST_F(RowsAheadTest, AreWrittenAsTheyAre) {
  add_rows(1, many);
  add(Op::Insert, R"({"id":1000,"v":"a \"quoted\" \u00e9 word"})");
  add(Op::Insert, R"({"id":1001,"v":null})");
  EXPECT_EQ(apply_decoded(), static_cast<std::size_t>(many) + 1);
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE v = 'value ' || id || '" + padding + "'"), many - 1);
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE id = 1000 AND v = 'a \"quoted\" é word'"), 1);
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE id = 1001 AND v IS NULL"), 1);
}

TEST_F(RowsAheadTest, BehindADescriptionThatChangesTheTableAreReadAsItSays) {
  add_rows(1, many);
  add(Op::Relation,
      R"({"schema":"public","table":"t","key":["id"],"columns":[{"name":"id","type":"integer","number":1},)"
      R"({"name":"name","type":"text","number":2},{"name":"w","type":"bytea","number":3}]})");
  for (int key = many; key < 2 * many; ++key) {
    add(Op::Insert, "{\"id\":" + std::to_string(key) + R"(,"name":")" + text_of(key) + R"(","w":"\\x0a0b"})");
  }
  EXPECT_EQ(apply_decoded(), static_cast<std::size_t>(2 * many) - 1) << "also those behind it";
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE name = 'value ' || id || '" + padding + "'"), 2 * many - 1);
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE w = x'0a0b'"), many);
  EXPECT_THAT(rejected(), IsEmpty());

  add_rows(1, many);  // with a field that the table no longer has
  for (int key = many; key < 2 * many; ++key) add(Op::Update, R"({"id":)" + std::to_string(key) + "}");
  EXPECT_EQ(apply_decoded(), static_cast<std::size_t>(2 * many) - 1);
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE name IS NULL AND w IS NULL"), 2 * many - 1);
}

TEST_F(RowsAheadTest, BehindADescriptionThatIsRefusedAreRefusedLikeIt) {
  add_rows(1, 10);
  add(Op::Relation, R"({"schema":"public","table":"t","key":["no_column"],"columns":[]})");
  add_rows(10, many);
  EXPECT_EQ(apply_decoded(), static_cast<std::size_t>(many) - 1);
  EXPECT_EQ(number("SELECT count(*) FROM t"), 9);
  EXPECT_EQ(rejected().size(), 1U + many - 10) << "the description, and what it would have been for";
}

TEST_F(RowsAheadTest, ThatDoNotFitAreRejectedInTheirTurn) {
  add_rows(1, many);
  add(Op::Insert, R"({"id":"seven","v":"no number"})");
  add(Op::Insert, R"({"id":)");
  add(Op::Insert, R"({"v":"no key"})");
  add(Op::Insert, "");
  add_rows(many, 2 * many);
  const auto first = static_cast<EventId>(100 + many - 1);
  const auto decoded = apply_decoded();
  EXPECT_EQ(decoded, static_cast<std::size_t>(2 * many))
      << "all but the two that cannot be, and the empty one";
  EXPECT_EQ(number("SELECT count(*) FROM t"), 2 * many - 1);
  EXPECT_THAT(rejected(), ElementsAre(first, first + 1, first + 2, first + 3));
  EXPECT_THAT(replica->unconfirmed(0).rejections.front().error, ::testing::HasSubstr("not a 64-bit integer"));
}

TEST_F(RowsAheadTest, AreTriedOnceMoreLikeOthers) {
  by_hand("CREATE UNIQUE INDEX once ON t (v)");
  add(Op::Insert, row(1, "taken"));
  add(Op::Insert, row(2, "taken"));  // until the first has another value
  add_rows(10, 10 + many);
  add(Op::Update, row(1, "free"));
  apply_decoded();
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE (id, v) IN (VALUES (1, 'free'), (2, 'taken'))"), 2);
  EXPECT_THAT(rejected(), IsEmpty());
}

TEST_F(RowsAheadTest, ThatAreThereAlreadyAreReplacedUnlessTheyAreNewer) {
  window(9, [this] {
    upsert(9, 50, "older");
    upsert(9000, 60, "newer");
  });
  add_rows(1, many);
  EXPECT_EQ(apply_decoded(), static_cast<std::size_t>(many) - 1);
  EXPECT_EQ(number("SELECT count(*) FROM t"), many - 1);
  EXPECT_EQ(
      number("SELECT count(*) FROM t WHERE v = 'value ' || id || '" + padding + "' AND _version = id + 99"),
      many - 2);
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE id = 60 AND v = 'newer' AND _version = 9000"), 1);
}

TEST_F(RowsAheadTest, AreWrittenInTheOrderOfTheirEvents) {
  for (int key = 1; key < many; ++key) {
    if (key % 20 == 0) add(Op::Delete, R"({"id":)" + std::to_string(key - 1) + "}");
    if (key % 50 == 0) add(Op::Update, row(key - 5, "updated"));
    add_rows(key, key + 1);
    if (key % 70 == 0) add(Op::Insert, row(key - 9, "again"));
  }
  apply_decoded();
  EXPECT_EQ(number("SELECT count(*) FROM t"), many - 1 - (many - 1) / 20);
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE id % 20 = 19 AND id + 1 < " + std::to_string(many)), 0);
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE v = 'updated'"), (many - 1) / 50);
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE v = 'again'"), (many - 1) / 70);
  EXPECT_THAT(rejected(), IsEmpty());
}

// Runs of inserts of any length, some of keys that are there, some that a constraint refuses for now or for
// good.
TEST_F(RowsAheadTest, LeaveWhatWouldBeThereWithoutThem) {
  std::minstd_rand random(static_cast<unsigned>(test::seed()));
  const auto other = directory.path() / "plain.db";
  Replica plain({other.string(), "test", {}});
  plain.begin();
  plain.apply(batch(1, Op::Relation, relation));
  plain.commit({{1, 1, 1}, Snapshot(2, 2, {})});
  for (const auto& one : {std::filesystem::path(file), other}) {
    SQLite::Database(one, SQLite::OPEN_READWRITE, 10'000).exec("CREATE UNIQUE INDEX once ON t (v)");
  }
  int fresh = 0;
  for (TransactionId round = 2; round <= 20; ++round) {
    EventBatch events;
    for (int i = 0; i < many; ++i) {
      const auto id = next_id_++;
      const bool is_new = random() % 20 != 0;
      const int key = is_new ? ++fresh : 1 + static_cast<int>(random() % static_cast<unsigned>(fresh + 1));
      const auto value = text_of(random() % 30 == 0 ? key / 2 : key) + (random() % 7 == 0 ? "!" : "");
      const auto op = random() % 30 == 0 ? Op::Update : Op::Insert;
      if (random() % 40 == 0) {
        events.add({id, round, "public.t", Op::Delete, "{\"id\":" + std::to_string(key) + "}"});
      } else {
        events.add({id, round, "public.t", op, row(key, value)});
      }
    }
    const auto apply = [&](Replica& to, const RowsAhead& rows) {
      to.begin();
      to.apply(events, rows);
      to.commit({{1, 1, 1}, Snapshot(round + 1, round + 1, {})});
    };
    apply(plain, {});
    apply(*replica, decoder_.decode(events));
  }
  const auto content = [](const std::filesystem::path& of) {
    return test::SqliteReader(of).text(
        "SELECT group_concat(id || '=' || v || '@' || _version, char(10)) FROM (SELECT * FROM t ORDER BY "
        "id)");
  };
  EXPECT_EQ(content(file), content(directory.path() / "plain.db"));
  EXPECT_GT(number("SELECT count(*) FROM t"), 10 * many);
  std::vector<EventId> refused;
  for (const auto& one : plain.unconfirmed(0).rejections) refused.push_back(one.event_id);
  EXPECT_EQ(rejected(), refused);
  EXPECT_THAT(refused, ::testing::Not(IsEmpty()));
}

TEST_F(RowsAheadTest, OfOlderEventsStayWhenALoadEndsThatBeganLater) {
  window(9, [this] { upsert(9000, 9000, "i"); });
  window(10, [this] {
    replica->begin_load("public.t");
    chunk({row(9000, "i")}, false);
  });
  add_rows(1, many);
  EXPECT_EQ(apply_decoded(), static_cast<std::size_t>(many) - 1);
  window(12, [this] { chunk({}, true); });
  EXPECT_EQ(number("SELECT count(*) FROM t"), many);
}

TEST_F(RowsAheadTest, WhileTheTableIsVerifiedAreNoneThatTheSourceDoesNotHave) {
  const auto verify = [this](bool begins, bool ends) {
    window(10, [&] {
      replica->verify({"public.t", {}, {"0"}, true, ends, 0, false, LoadChunk::Purpose::Verify, 1, begins});
    });
  };
  verify(true, false);
  add_rows(1, many);
  EXPECT_EQ(apply_decoded(), static_cast<std::size_t>(many) - 1);
  verify(false, true);
  ASSERT_EQ(replica->unconfirmed_verifications().size(), 1U);
  EXPECT_THAT(replica->unconfirmed_verifications().front().differences, IsEmpty());
}

TEST_F(RowsAheadTest, OfATopicThatNobodyKnowsAreLeft) {
  for (int i = 0; i < many; ++i) {
    events_.add({1U + static_cast<EventId>(i), 1, "public.other", Op::Insert, row(i, padding)});
  }
  EXPECT_EQ(decoder_.decode(events_).size(), 0U);
}

TEST_F(RowsAheadTest, TakeBoundedMemory) {
  std::vector<Column> wide{{"id", "integer", 1}};
  while (wide.size() < 1000) wide.emplace_back("c" + std::to_string(wide.size()), "integer", 1);
  ColumnsInForce columns;
  columns.set("public.t", std::make_shared<const std::vector<Column>>(wide));
  add_rows(1, many);
  const auto rows = AheadDecoder(columns).decode(events_);
  EXPECT_GT(rows.size(), 0U);
  EXPECT_LE(rows.size() * 1000 * sizeof(Value), 2U << 20);

  EventBatch large;
  large.add({1, 1, "public.t", Op::Insert, row(1, std::string(5 << 20, 'x'))});
  EXPECT_EQ(decoder_.decode(large).size(), 0U);
}

}  // namespace
}  // namespace mailboat::consumer
