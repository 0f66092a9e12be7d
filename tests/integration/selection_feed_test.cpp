// What a producer sends to a consumer that may not have everything, whatever that one asks for.
#include <gmock/gmock.h>

#include "common/codec.hpp"
#include "tests/integration/task_feed_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Result = RetryOutcome::Result;

class SelectionFeed : public TaskFeed {
 protected:
  SelectionFeed() {
    sql("CREATE TABLE users (id int PRIMARY KEY, name text, ssn text); SELECT outbox.track('users');"
        "CREATE TABLE hidden (id int PRIMARY KEY, ssn text); SELECT outbox.track('hidden');"
        "INSERT INTO users VALUES (1, 'Ada', 'secret'); INSERT INTO hidden VALUES (1, 'secret')");
    select("topics => '{public.users,app}', columns => '{\"public.users\": [\"id\", \"name\"]}'");
  }
  void select(const std::string& arguments) {
    sql("SELECT outbox.configure_selection('s', " + arguments + ")");
  }
  static std::vector<std::string> payloads(const EventBatch& events) {
    std::vector<std::string> found;
    events.for_each([&](const Event& event) {
      if (event.op != Op::Relation) found.emplace_back(event.payload);
    });
    return found;
  }
  EventId last_event() { return std::stoull(value("SELECT max(id) FROM outbox.event")); }
};

TEST_F(SelectionFeed, ARetryIsCutAndSoIsTheDescriptionBeforeIt) {
  auto scripted = consumer_of("s");
  sql("INSERT INTO users VALUES (2, repeat('Grace', 4000), 'secret')");
  const auto id = last_event();
  ASSERT_TRUE(eventually([&] { return scripted->has_window_with(id); })) << said();
  scripted->reject(id, transaction_of(id));
  const auto retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  EXPECT_THAT(encode(FromProducer{*retry}), Not(HasSubstr("ssn")));
  EXPECT_THAT(payloads(retry->events), ElementsAre(HasSubstr("Grace")));
}

TEST_F(SelectionFeed, AnEventThatIsNotTakenCannotBeHadByRejectingIt) {
  const auto id = last_event();  // of table hidden
  auto scripted = consumer_of("s");
  scripted->reject(id, transaction_of(id));
  EXPECT_TRUE(task_becomes(id, "failed")) << said();
  EXPECT_EQ(scripted->waiting<Retry>(), 0);
}

TEST_F(SelectionFeed, ALoadThatIsNotTakenCannotBeHadByClaimingThatItIsUnderWay) {
  auto first = consumer_of("s");
  ScriptedConsumer scripted(endpoint());
  Hello hello;
  hello.subscription = "s";
  hello.replica = "greedy";
  hello.cursor = first->cursor();
  hello.credit = 8;
  hello.heartbeat = std::chrono::minutes(1);
  hello.unfinished_loads = {{"public.hidden", {}, 0}, {"public.users", {}, 0}};
  first.reset();
  scripted.send(hello);
  std::vector<LoadChunk> chunks;
  while (chunks.size() < 2) {
    auto frame = scripted.next<Frame>();
    ASSERT_TRUE(frame.has_value()) << said();
    EXPECT_THAT(encode(FromProducer{*frame}), Not(HasSubstr("secret")));
    if (frame->chunk) chunks.push_back(*frame->chunk);
  }
  EXPECT_EQ(chunks[0].topic, "public.hidden");
  EXPECT_TRUE(chunks[0].gives_up);
  EXPECT_EQ(chunks[0].rows.size(), 0U);
  EXPECT_EQ(chunks[1].rows.texts(), R"({"id":1,"name":"Ada"})");
}

TEST_F(SelectionFeed, OfApplicationEventsTheFieldsOfTheListAreSent) {
  select(R"(columns => '{"app": ["id", "état"]}')");
  auto scripted = consumer_of("s");
  publish("app", R"({ "id": 1.50, "card": "secret", "\u00e9tat": {"a": [1]}, "nested": {"id": "secret"} })");
  publish("app", R"(["secret"])");
  std::vector<std::string> found;
  while (found.size() < 2) {
    const auto frame = scripted->next<Frame>();
    ASSERT_TRUE(frame.has_value()) << said();
    for (auto& payload : payloads(frame->events)) found.push_back(std::move(payload));
  }
  EXPECT_THAT(found, ElementsAre(R"({"id": 1.50,"\u00e9tat": {"a": [1]}})", "{}"));
}

TEST_F(SelectionFeed, ARunningSessionEndsWhenTheSelectionChanges) {
  auto scripted = consumer_of("s");
  select(R"(columns => '{"public.users": ["id"]}')");
  const auto refusal = scripted->next<Refusal>();
  ASSERT_TRUE(refusal.has_value()) << said();
  EXPECT_EQ(refusal->code, RefusalCode::ShuttingDown);
  EXPECT_THAT(refusal->text, HasSubstr("what the subscription receives has been changed"));
  sql("UPDATE users SET name = 'secret name'");
  auto again = consumer_again(*scripted);
  const auto id = last_event();
  EXPECT_TRUE(eventually([&] { return again->has_window_with(id); })) << said();
}

TEST_F(SelectionFeed, ASessionOfAnotherSubscriptionGoesOn) {
  subscribe("t", "now");
  auto other = consumer_of("t");
  select("topics => '{*}'");
  sql("ALTER TABLE users RENAME name TO full_name; INSERT INTO users VALUES (9, 'x', 'y')");
  const auto id = last_event();
  EXPECT_TRUE(eventually([&] { return other->has_window_with(id); })) << said();
  EXPECT_EQ(other->waiting<Refusal>(), 0);
}

TEST_F(SelectionFeed, AKeyThatIsNotOnTheListIsNotSentEither) {
  sql("CREATE UNIQUE INDEX ON users (ssn); ALTER TABLE users ALTER ssn SET NOT NULL;"
      "SELECT outbox.track('users', key => '{ssn}'); SELECT outbox.request_load('s', '{public.users}')");
  auto scripted = consumer_of("s");
  sql("DELETE FROM users WHERE id = 1");
  const auto id = last_event();
  std::vector<std::string> found;
  while (found.empty()) {
    const auto frame = scripted->next<Frame>();
    ASSERT_TRUE(frame.has_value()) << said();
    EXPECT_THAT(encode(FromProducer{*frame}), Not(HasSubstr("secret")));
    EXPECT_FALSE(frame->chunk);
    found = payloads(frame->events);
  }
  EXPECT_THAT(found, ElementsAre("{}")) << "the key of event " << id;
  EXPECT_TRUE(producer->wait_for_output("its key (ssn) is not among the columns")) << said();
}

TEST_F(SelectionFeed, WaitForWaitsUntilTheReplicaHasBegunToLoadWhatItGetsMore) {
  subscribe("loads", "load");
  sql("SELECT outbox.configure_selection('loads', '{public.users}')");
  auto scripted = consumer_of("loads");
  ASSERT_TRUE(eventually([&] { return value("SELECT outbox.wait_for('loads', '10 ms')") == "t"; })) << said();
  scripted->set_acknowledging(false);
  sql("SELECT outbox.configure_selection('loads', '{public.users,public.hidden}')");
  EXPECT_EQ(value("SELECT outbox.wait_for('loads', '300 ms')"), "f");
  auto again = consumer_again(*scripted, "loads");
  EXPECT_TRUE(eventually([&] { return value("SELECT outbox.wait_for('loads', '10 ms')") == "t"; })) << said();
}

/// A producer that may do no more than a member of outbox_producer.
class MemberSelection : public SelectionFeed {
 protected:
  void SetUp() override {
    sql("DO $$ BEGIN CREATE ROLE selection_producer LOGIN IN ROLE outbox_producer; "
        "EXCEPTION WHEN duplicate_object THEN END $$");
    producer = std::make_unique<Process>(std::vector<std::string>{program("mailboat-producer"), "--postgres",
                                                                  conninfo + " user=selection_producer",
                                                                  "--listen", endpoint()});
    ASSERT_TRUE(producer->wait_for_output("is listening")) << said();
  }
};

TEST_F(MemberSelection, NeedsNoMoreThanTheRoleOfAProducer) {
  sql("ALTER TABLE users RENAME name TO full_name");
  auto scripted = consumer_of("s");
  sql("SELECT outbox.request_load('s', '{public.users}')");
  for (;;) {
    const auto frame = scripted->next<Frame>();
    ASSERT_TRUE(frame.has_value()) << said();
    if (!frame->chunk) continue;
    EXPECT_EQ(frame->chunk->rows.texts(), R"({"id":1,"full_name":"Ada"})");
    break;
  }
}

}  // namespace
}  // namespace mailboat::test
