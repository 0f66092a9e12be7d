// Retries: when they are sent, with what, and what becomes of them.
#include <gmock/gmock.h>
#include <numeric>
#include <signal.h>

#include "tests/integration/task_feed_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

using Result = RetryOutcome::Result;

class RetryFeed : public TaskFeed {
 protected:
  // Makes them due together.
  void retry_all(ScriptedConsumer& scripted, const std::vector<EventId>& ids) {
    configure("s", "retry_delay => '1 h', retry_delay_max => '1 h'");
    Rejected rejected;
    for (const auto id : ids) rejected.rejections.push_back({id, transaction_of(id), "refused"});
    scripted.send(rejected);
    ASSERT_TRUE(scripted.next<Recorded>()) << said();
    sql("SELECT outbox.retry_failed('s', array_agg(event_id), 'me') FROM outbox.rejection");
  }
};

TEST_F(RetryFeed, SendsEachEventAfterTheTableAsItWas) {
  sql("CREATE TABLE item (id int PRIMARY KEY, v text)");
  sql("SELECT outbox.track('item')");                 // 1 R
  sql("INSERT INTO item VALUES (1, 'a'), (2, 'a')");  // 2, 3
  sql("ALTER TABLE item RENAME v TO w");              // 4 R
  sql("UPDATE item SET w = 'b' WHERE id = 1");        // 5
  sql("DELETE FROM item WHERE id = 1");               // 6
  sql("TRUNCATE item");                               // 7
  publish();                                          // 8
  auto scripted = consumer_of("s");
  retry_all(*scripted, {8, 7, 6, 5, 3, 2});
  const auto retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  EXPECT_THAT(events_of(*retry),
              ElementsAre("1 R public.item", "2 I public.item", "3 I public.item", "4 R public.item",
                          "5 U public.item", "6 D public.item", "7 T public.item", "8 U app"));
  EXPECT_EQ(retry->events.transactions()[1], transaction_of(2));
  EXPECT_THAT(retry->events.payloads().texts(), HasSubstr(R"({"id":2,"v":"a"})"));
}

TEST_F(RetryFeed, ARejectedDescriptionIsItsOwnContext) {
  sql("CREATE TABLE item (id int PRIMARY KEY)");
  sql("SELECT outbox.track('item'); INSERT INTO item VALUES (1)");
  auto scripted = consumer_of("s");
  retry_all(*scripted, {1, 2});
  const auto retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  EXPECT_THAT(events_of(*retry), ElementsAre("1 R public.item", "2 I public.item"));
  scripted->answer(*retry, Result::Applied);
  EXPECT_TRUE(task_becomes(1, "completed") && task_becomes(2, "completed")) << said();
}

TEST_F(RetryFeed, ComesByItselfAndOnlyFailsAfterMaxAttemptsWithOneCompensation) {
  sql("CREATE TABLE undone (id bigint);"
      "CREATE FUNCTION undo(text, bigint, json, text) RETURNS void LANGUAGE sql SECURITY DEFINER"
      " SET search_path = public, pg_temp AS 'INSERT INTO undone VALUES ($2)';"
      "SELECT outbox.on_failed('app', 'undo(text,bigint,json,text)')");
  configure("s", "max_attempts => 3");
  const auto [id, transaction] = publish();
  auto scripted = consumer_of("s");
  scripted->reject(id, transaction);
  for (int attempt = 1; attempt <= 3; ++attempt) {
    const auto retry = scripted->next<Retry>();
    ASSERT_TRUE(retry.has_value()) << "attempt " << attempt << said();
    EXPECT_EQ(value("SELECT count(*) FROM undone"), "0");
    scripted->answer(*retry, Result::Rejected, "attempt " + std::to_string(attempt));
  }
  ASSERT_TRUE(task_becomes(id, "failed")) << said();
  EXPECT_EQ(task(id, "concat_ws(' ', retry_count, last_error)"), "3 attempt 3");
  EXPECT_EQ(value("SELECT string_agg(id::text, ' ') FROM undone"), std::to_string(id));
  const auto next = publish().first;
  ASSERT_TRUE(eventually([&] { return scripted->has_window_with(next); })) << said();
  EXPECT_EQ(scripted->waiting<Retry>(), 0);
}

TEST_F(RetryFeed, ThatFindsTheRowMovedOnEndsAsSuperseded) {
  const auto [id, transaction] = publish();
  auto scripted = consumer_of("s");
  scripted->reject(id, transaction);
  const auto retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  scripted->answer(*retry, Result::Superseded);
  EXPECT_TRUE(task_becomes(id, "completed")) << said();
  EXPECT_EQ(task(id, "superseded"), "t");
}

TEST_F(RetryFeed, ComesAgainWhenTheProducerDiedBeforeTheAnswer) {
  const auto [id, transaction] = publish();
  auto scripted = consumer_of("s");
  scripted->reject(id, transaction);
  auto retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  scripted->answer(*retry, Result::Rejected, "first");
  ASSERT_TRUE(eventually([&, event = id] { return task(event, "retry_count") == "1"; })) << said();
  ASSERT_TRUE(scripted->next<Retry>()) << said();
  producer->kill(SIGKILL);
  ASSERT_TRUE(producer->wait(std::chrono::seconds(30)));
  EXPECT_EQ(task(id, "concat_ws(' ', status, retry_count, last_error)"), "retrying 1 first");

  start_producer();
  auto again = consumer_again(*scripted);
  retry = again->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  again->answer(*retry, Result::Applied);
  EXPECT_TRUE(task_becomes(id, "completed")) << said();
}

TEST_F(RetryFeed, AnAnswerThatIsRepeatedOrWasNotAskedForDoesNotCount) {
  const auto [id, transaction] = publish();
  auto scripted = consumer_of("s");
  scripted->reject(id, transaction);
  const auto retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  configure("s", "retry_delay => '1 h', retry_delay_max => '1 h'");
  const Retried answer{{{id, Result::Rejected, "x"}}};
  for (int i = 0; i < 3; ++i) scripted->send(answer);
  scripted->reject(id, transaction);
  ASSERT_TRUE(scripted->next<Recorded>() && scripted->next<Recorded>()) << said();
  EXPECT_EQ(task(id, "concat_ws(' ', status, retry_count)"), "retrying 1");
}

TEST_F(RetryFeed, OneIsUnderWayWhileWindowsGoOn) {
  const std::string large = "{\"x\": \"" + std::string(700 << 10, 'x') + "\"}";
  const auto first = publish("app", large).first;
  const auto second = publish("app", large).first;
  const auto third = publish("app", large).first;
  auto scripted = consumer_of("s");
  retry_all(*scripted, {first, second, third});
  const auto retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  EXPECT_THAT(retry->events.ids(), ElementsAre(first, second)) << "cut at about 1 MiB";
  const auto later = publish().first;
  ASSERT_TRUE(eventually([&] { return scripted->has_window_with(later); })) << said();
  EXPECT_EQ(scripted->waiting<Retry>(), 0);
  scripted->answer(*retry, Result::Applied);
  const auto rest = scripted->next<Retry>();
  ASSERT_TRUE(rest.has_value()) << said();
  EXPECT_THAT(rest->events.ids(), ElementsAre(third));
  EXPECT_EQ(rest->events.payloads().texts(), large);
}

TEST_F(RetryFeed, HoldsAtMost500TasksAndTakesCreditLikeAFrame) {
  sql("SELECT outbox.publish('app', '{}') FROM generate_series(1, 700)");
  constexpr std::uint32_t one_message = 1;
  ScriptedConsumer scripted(endpoint(), one_message);
  ASSERT_TRUE(scripted.follow("s")) << said();
  std::vector<EventId> ids(700);
  std::iota(ids.begin(), ids.end(), EventId{1});
  retry_all(scripted, ids);
  for (const auto expected : {500U, 200U}) {
    const auto retry = scripted.next<Retry>();
    ASSERT_TRUE(retry.has_value()) << said();
    EXPECT_THAT(retry->events.ids(), SizeIs(expected));
    // The event's frame must wait, and fails the test otherwise: by the second answer the session has had a
    // turn to send it.
    publish();
    for (int turn = 0; turn < 2; ++turn) {
      scripted.reject(1, transaction_of(1));
      ASSERT_TRUE(scripted.next<Recorded>()) << said();
    }
    scripted.answer(*retry, Result::Applied);
  }
  EXPECT_TRUE(task_becomes(700, "completed"));
}

TEST_F(RetryFeed, KeepsToTheSubscriptionThatRejectedTheEvent) {
  subscribe("other", "now");
  configure("other", "retry_delay => '1 ms', retry_delay_max => '1 ms'");
  const auto [id, transaction] = publish();
  const auto [id2, transaction2] = publish();
  auto scripted = consumer_of("s");
  auto other = consumer_of("other");
  other->reject(id2, transaction2);
  scripted->reject(id, transaction);
  const auto retry = scripted->next<Retry>();
  const auto other_retry = other->next<Retry>();
  ASSERT_TRUE(retry && other_retry) << said();
  EXPECT_THAT(retry->events.ids(), ElementsAre(id));
  EXPECT_THAT(other_retry->events.ids(), ElementsAre(id2));
  scripted->answer(*retry, Result::Applied);
  EXPECT_TRUE(task_becomes(id, "completed"));
  EXPECT_EQ(task(id2, "concat_ws(' ', subscription, status)"), "other retrying");
}

TEST_F(RetryFeed, NeverShowsEventsOutsideOfTheSubscriptionsTopics) {
  sql("SELECT outbox.subscribe('few', 'now', '{app}')");
  configure("few", "retry_delay => '1 ms', retry_delay_max => '1 ms'");
  const auto [secret, secret_transaction] = publish("secret");
  const auto [lost, lost_transaction] = publish();
  const auto [mine, transaction] = publish();
  auto scripted = consumer_of("few");
  scripted->send(Rejected{{{secret, secret_transaction, "let me see"},
                           {lost, lost_transaction + 1000, "of another transaction"},
                           {mine, transaction, "refused"}}});
  const auto retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  EXPECT_THAT(retry->events.ids(), ElementsAre(mine));
  EXPECT_TRUE(task_becomes(secret, "failed") && task_becomes(lost, "failed")) << said();
  EXPECT_THAT(task(secret, "last_error"), HasSubstr("it cannot be sent again"));
}

TEST_F(RetryFeed, GoesOnWhileATableIsLoaded) {
  sql("CREATE TABLE item (id int PRIMARY KEY, v text); INSERT INTO item SELECT n, repeat('x', 500) FROM "
      "generate_series(1, 100000) n; SELECT outbox.track('item')");
  subscribe("loads");
  configure("loads", "retry_delay => '1 ms', retry_delay_max => '1 ms'");
  const auto [id, transaction] = publish();
  auto scripted = consumer_of("loads");
  scripted->reject(id, transaction);
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto retry = scripted->next<Retry>();
    ASSERT_TRUE(retry.has_value()) << said();
    scripted->answer(*retry, Result::Rejected, "not yet");
  }
  bool loaded = false;
  while (scripted->waiting<Frame>() > 0)
    loaded |= scripted->next<Frame>()->chunk.value_or(LoadChunk{}).ends_load;
  EXPECT_FALSE(loaded) << "the retries waited for the end of the load";
}

TEST_F(RetryFeed, ComesAgainWhenAnOperatorAsksForIt) {
  const auto [id, transaction] = publish();
  auto scripted = consumer_of("s");
  configure("s", "max_attempts => 1");
  scripted->reject(id, transaction);
  const auto retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  scripted->answer(*retry, Result::Rejected, "x");
  ASSERT_TRUE(task_becomes(id, "failed")) << said();
  sql("SELECT outbox.retry_failed('s', ARRAY[" + std::to_string(id) + "], 'me')");
  EXPECT_TRUE(scripted->next<Retry>()) << said();
}

/// A producer that may do no more than a member of outbox_producer.
class MemberOfTheRole : public RetryFeed {
 protected:
  void SetUp() override {
    sql("DO $$ BEGIN CREATE ROLE task_producer LOGIN IN ROLE outbox_producer; "
        "EXCEPTION WHEN duplicate_object THEN END $$");
    producer = std::make_unique<Process>(std::vector<std::string>{program("mailboat-producer"), "--postgres",
                                                                  conninfo + " user=task_producer",
                                                                  "--listen", endpoint()});
    ASSERT_TRUE(producer->wait_for_output("is listening")) << said();
  }
};

TEST_F(MemberOfTheRole, IsEnoughForTheWholeLifeOfATask) {
  configure("s", "max_attempts => 1");
  sql("CREATE TABLE item (id int PRIMARY KEY); SELECT outbox.track('item'); INSERT INTO item VALUES (1), (2);"
      "CREATE TABLE undone (id bigint);"
      "CREATE FUNCTION undo(text, bigint, json, text) RETURNS void LANGUAGE sql SECURITY DEFINER"
      " SET search_path = public, pg_temp AS 'INSERT INTO undone VALUES ($2)';"
      "REVOKE ALL ON FUNCTION undo FROM PUBLIC; SELECT outbox.on_failed('public.item', "
      "'undo(text,bigint,json,text)')");
  auto scripted = consumer_of("s");
  scripted->reject(2, transaction_of(2));
  auto retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  scripted->answer(*retry, Result::Rejected, "x");
  ASSERT_TRUE(task_becomes(2, "failed")) << said();
  EXPECT_EQ(value("SELECT id FROM undone"), "2");
  scripted->reject(3, transaction_of(3));
  retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  scripted->answer(*retry, Result::Applied);
  EXPECT_TRUE(task_becomes(3, "completed")) << said();
}

}  // namespace
}  // namespace mailboat::test
