// A window is read by the selection that its own snapshot sees, or not at all.
#include <gmock/gmock.h>

#include "tests/integration/window_fixture.hpp"

namespace mailboat::producer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class SelectedWindow : public WindowTest {
 protected:
  void only(const std::string& names) {
    admin_.query("SELECT outbox.configure_selection('everything', columns => $1::jsonb)",
                 {"{\"public.item\": " + names + "}"});
  }
  static std::string texts(const EventBatch& events) { return events.payloads().texts(); }
};

TEST_F(SelectedWindow, IsNotBegunOnceTopicsOrColumnsHaveChanged) {
  EXPECT_NO_THROW(reader_.poll(Snapshot()));
  only(R"(["id"])");
  EXPECT_THROW(reader_.poll(Snapshot()), SessionEnded);
  EXPECT_THROW(reader_.open(Snapshot()), SessionEnded);
  EXPECT_THROW(reader_.require_same_selection(), SessionEnded);

  const auto again = find_subscription(source_, "everything");
  WindowReader reader(source_, again);
  EXPECT_NO_THROW(reader.open(Snapshot()));
  reader.finish();
  admin_.query("SELECT outbox.configure_selection('everything', '{public.item}')");
  EXPECT_THROW(reader.open(Snapshot()), SessionEnded);
}

TEST_F(SelectedWindow, ThatHasBegunBeforeGoesOnUntilItWouldNeedANewSnapshot) {
  admin_.query("INSERT INTO item SELECT n, repeat('x', 100) FROM generate_series(1, 9000) n");
  reader_.open(Snapshot());
  EventBatch events;
  ASSERT_TRUE(reader_.fill(events, 1000, changes_));
  only(R"(["id"])");
  EXPECT_TRUE(reader_.fill(events, events.bytes() + batch_bytes, changes_));
  reader_.suspend();
  EXPECT_THROW(
      {
        while (reader_.fill(events, events.bytes() + batch_bytes, changes_)) {
        }
      },
      SessionEnded);
}

TEST_F(SelectedWindow, ARenameOfAColumnOnTheListEndsItToo) {
  only(R"(["id", "value"])");
  const auto subscription = find_subscription(source_, "everything");
  WindowReader reader(source_, subscription);
  EXPECT_NO_THROW(reader.poll(Snapshot()));
  admin_.query("ALTER TABLE item RENAME value TO content");
  EXPECT_THROW(reader.poll(Snapshot()), SessionEnded);
}

TEST_F(SelectedWindow, HoldsRowsLargeRowsKeysAndDescriptionsCut) {
  only(R"(["id"])");
  admin_.query(
      "INSERT INTO item VALUES (1, 'secret'), (2, repeat('secret', 10000)); DELETE FROM item WHERE id = 1");
  const auto subscription = find_subscription(source_, "everything");
  WindowReader reader(source_, subscription);
  reader.open(Snapshot());
  const auto events = read_all(reader);
  const auto relations = relations_at(source_, subscription, reader.taken(), reader.to(), true);
  reader.finish();
  EXPECT_THAT(texts(events), Not(HasSubstr("secret")));
  EXPECT_THAT(texts(events), Not(HasSubstr("value")));
  EXPECT_THAT(texts(events), HasSubstr(R"({"id":1}{"id":2})"));
  EXPECT_THAT(texts(relations), Not(HasSubstr("value")));
}

TEST_F(SelectedWindow, ValuesStayByteForByteWhatPostgresqlWrote) {
  admin_.query(
      "CREATE TABLE odd (\"I d\" numeric PRIMARY KEY, \"a\"\"b\\c\" text, doc json, secret text, \"ü\" "
      "float8);"
      "SELECT outbox.track('odd'); INSERT INTO odd VALUES (1.500, E'x\"\\n\\\\{},[', "
      "'{\"a\" :  [1.10,\"\\u0000}\"]}', 'no', 'NaN'), (12345678901234567890.10, NULL, ' [ ] ', 'no', "
      "1e300)");
  admin_.query("SELECT outbox.configure_selection('everything', columns => $1::jsonb)",
               {R"({"public.odd": ["I d", "a\"b\\c", "doc", "ü"]})"});
  const auto subscription = find_subscription(source_, "everything");
  WindowReader reader(source_, subscription);
  reader.open(Snapshot());
  std::vector<std::string> rows;
  read_all(reader).for_each([&](const Event& event) {
    if (event.op == Op::Insert) rows.emplace_back(event.payload);
  });
  reader.finish();
  const auto expected = source_.query(
      "SELECT row_to_json(r) FROM (SELECT \"I d\", \"a\"\"b\\c\", doc, \"ü\" FROM public.odd ORDER BY 1) r");
  EXPECT_THAT(rows, ElementsAre(expected.text(0, 0), expected.text(1, 0)));
}

TEST_F(SelectedWindow, KnowsWhatAReplicaAtACursorHasNotGotYet) {
  admin_.query(
      "CREATE TABLE other (id int PRIMARY KEY); SELECT outbox.track('other');"
      "SELECT outbox.configure_selection('everything', '{public.other}')");
  const auto cursor = [this] {
    return Snapshot::parse(admin_.query("SELECT pg_current_snapshot()").text(0, 0));
  };
  const auto first = cursor();
  admin_.query("SELECT outbox.configure_selection('everything', '{*}')");
  const auto second = cursor();
  const auto subscription = find_subscription(source_, "everything");
  EXPECT_THAT(topics_widened_since(source_, subscription, {}, first), ElementsAre("public.item"));
  EXPECT_THAT(topics_widened_since(source_, subscription, {}, second), ElementsAre());
  admin_.query("SELECT outbox.configure_selection('everything', '{public.other}')");
  const auto narrow = find_subscription(source_, "everything");
  EXPECT_THAT(topics_widened_since(source_, narrow, read_taken_topics(source_, narrow), first),
              ElementsAre());
}

}  // namespace
}  // namespace mailboat::producer
