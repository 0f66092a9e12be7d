// Replays: which events a producer sends again, and what it writes down about them.
#include <gmock/gmock.h>
#include <signal.h>

#include "tests/integration/task_feed_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

using Result = RetryOutcome::Result;

/// Events of topic `app` with the ids 1 to 5.
class ReplayFeed : public TaskFeed {
 protected:
  void SetUp() override {
    for (int i = 0; i < 5; ++i) publish();
    TaskFeed::SetUp();
  }
  void request(const std::string& arguments = "") {
    sql("SELECT outbox.request_replay('s'" + (arguments.empty() ? "" : ", " + arguments) + ")");
  }
  std::string replay(const std::string& expression, int operation = 1) {
    return value("SELECT " + expression +
                 " FROM outbox.replay r JOIN outbox.operation o ON o.id = r.operation "
                 "WHERE o.id = " +
                 std::to_string(operation));
  }
  bool becomes(const std::string& status, int operation = 1) {
    return eventually([&] { return replay("status", operation) == status; });
  }
  /// What a request brings until it is completed, all of it applied.
  std::vector<std::string> replayed(const std::string& arguments) {
    auto scripted = consumer_of("s");
    request(arguments);
    std::vector<std::string> found;
    const bool completed = eventually([&] {
      if (scripted->waiting<Retry>() > 0) {
        const auto retry = *scripted->next<Retry>();
        EXPECT_EQ(retry.replay, 1U);
        for (const auto& event : events_of(retry)) found.push_back(event);
        scripted->answer(retry, Result::Applied);
      }
      return replay("status") == "completed";
    });
    EXPECT_TRUE(completed) << said();
    return found;
  }
};

TEST_F(ReplayFeed, SendsTheIdsThatAreAskedFor) {
  EXPECT_THAT(replayed("2, 4"), ElementsAre("2 U app", "3 U app", "4 U app"));
  EXPECT_EQ(replay("concat_ws(' ', last_id, sent, applied, superseded, rejected, errors)"), "4 3 3 0 0 []");
}

TEST_F(ReplayFeed, SendsEverythingWhenNothingRestricts) { EXPECT_THAT(replayed(""), SizeIs(5)); }

TEST_F(ReplayFeed, SendsATopic) {
  publish("other");
  EXPECT_THAT(replayed("topic => 'other'"), ElementsAre("6 U other"));
}

TEST_F(ReplayFeed, SendsWhatWasWrittenBetweenTwoTimes) {
  sql("UPDATE outbox.event SET created_at = '2020-01-01 00:00Z'::timestamptz + id * interval '1 hour'");
  EXPECT_THAT(replayed("since => '2020-01-01 02:00Z', until => '2020-01-01 03:30Z'"),
              ElementsAre("2 U app", "3 U app"));
}

TEST_F(ReplayFeed, SendsAKeyAfterTheTableAsItWas) {
  sql("CREATE TABLE item (id int PRIMARY KEY, v text)");
  sql("SELECT outbox.track('item')");                 // 6 R
  sql("INSERT INTO item VALUES (1, 'a'), (2, 'a')");  // 7, 8
  sql("ALTER TABLE item RENAME v TO w");              // 9 R
  sql("UPDATE item SET w = 'b' WHERE id = 2");        // 10
  sql("DELETE FROM item WHERE id = 2");               // 11
  sql("TRUNCATE item");                               // 12
  EXPECT_THAT(replayed(R"(topic => 'public.item', key => '{"id": "2"}')"),
              ElementsAre("6 R public.item", "8 I public.item", "9 R public.item", "10 U public.item",
                          "11 D public.item"));
  EXPECT_EQ(replay("sent"), "3") << "descriptions are no events of the replay";
}

TEST_F(ReplayFeed, NeverShowsEventsOutsideOfTheSubscriptionsTopics) {
  publish("secret");
  sql("UPDATE outbox.subscription SET topics = '{app}'");
  EXPECT_THAT(replayed("from_id => 5"), ElementsAre("5 U app"));
}

TEST_F(ReplayFeed, SendsNothingBeforeItsWindow) {
  postgres::Connection writer(conninfo, "writer");
  postgres::Transaction open(writer, postgres::Transaction::Kind::ReadWrite);
  const auto id = open.query("SELECT outbox.publish('app', '{}')").uint64(0, 0);
  const auto after = publish().first;
  auto scripted = consumer_of("s");
  ASSERT_TRUE(eventually([&] { return scripted->has_window_with(after); })) << said();
  request("from_id => " + std::to_string(id));
  const auto retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  EXPECT_THAT(retry->events.ids(), ElementsAre(after));
  open.commit();
  scripted->answer(*retry, Result::Applied);
  EXPECT_TRUE(becomes("completed")) << said();
  EXPECT_EQ(scripted->waiting<Retry>(), 0);
  EXPECT_TRUE(eventually([&] { return scripted->has_window_with(id); })) << said();
}

TEST_F(ReplayFeed, DoesNotRunAfterWhatIsWrittenMeanwhile) {
  auto scripted = consumer_of("s");
  request();
  const auto retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  const auto later = publish().first;
  ASSERT_TRUE(eventually([&] { return scripted->has_window_with(later); })) << said();
  scripted->answer(*retry, Result::Applied);
  EXPECT_TRUE(becomes("completed")) << said();
  EXPECT_EQ(replay("sent"), "5");
}

TEST_F(ReplayFeed, CountsWhatBecameOfEachAndMakesNoTasks) {
  auto scripted = consumer_of("s");
  request();
  const auto retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  const Retried retried{{{1, Result::Applied, ""},
                         {2, Result::Superseded, ""},
                         {3, Result::Rejected, "it does\nnot fit"},
                         {4, Result::Superseded, ""}},
                        0,
                        1};
  scripted->send(retried);
  scripted->send(retried);
  ASSERT_TRUE(becomes("completed")) << said();
  EXPECT_EQ(replay("concat_ws(' ', sent, applied, superseded, rejected)"), "5 1 2 2");
  EXPECT_EQ(replay("errors -> 0 ->> 'error'"), "it does?not fit");
  EXPECT_THAT(replay("errors -> 1 ->> 'error'"), HasSubstr("has not said"));
  EXPECT_EQ(value("SELECT count(*) FROM outbox.rejection"), "0");
}

TEST_F(ReplayFeed, AnswersThatNobodyAskedForDoNotCount) {
  auto scripted = consumer_of("s");
  request();
  const auto retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  scripted->send(Retried{{{1, Result::Applied, ""}}, 0, 0});
  scripted->send(Retried{{{1, Result::Applied, ""}}, 0, 77});
  scripted->send(Retried{{{99, Result::Applied, ""}}, 0, 1});
  scripted->answer(*retry, Result::Superseded);
  ASSERT_TRUE(becomes("completed")) << said();
  EXPECT_EQ(replay("concat_ws(' ', sent, applied, superseded)"), "5 0 5");
}

TEST_F(ReplayFeed, WritesItsProgressDownWhileItRuns) {
  sql("SELECT outbox.publish('app', '{}') FROM generate_series(6, 700)");
  auto scripted = consumer_of("s");
  request();
  const auto first = scripted->next<Retry>();
  ASSERT_TRUE(first.has_value()) << said();
  EXPECT_THAT(first->events.ids(), SizeIs(500));
  scripted->answer(*first, Result::Applied);
  const auto rest = scripted->next<Retry>();
  ASSERT_TRUE(rest.has_value()) << said();
  EXPECT_THAT(rest->events.ids(), SizeIs(200));
  EXPECT_TRUE(eventually([&] {
    return replay("status || ' ' || last_id || ' ' || sent") == "running 500 500";
  })) << said();
}

TEST_F(ReplayFeed, GoesOnBehindWhatIsCountedAfterTheProducerDied) {
  sql("SELECT outbox.publish('app', '{}') FROM generate_series(6, 700)");
  auto scripted = consumer_of("s");
  request();
  const auto first = scripted->next<Retry>();
  ASSERT_TRUE(first.has_value()) << said();
  scripted->answer(*first, Result::Applied);
  ASSERT_TRUE(eventually([&] { return replay("last_id") == "500"; })) << said();
  ASSERT_TRUE(scripted->next<Retry>()) << said();
  producer->kill(SIGKILL);
  ASSERT_TRUE(producer->wait(std::chrono::seconds(30)));

  start_producer();
  auto again = consumer_again(*scripted);
  const auto rest = again->next<Retry>();
  ASSERT_TRUE(rest.has_value()) << said();
  EXPECT_THAT(rest->events.ids(), SizeIs(200));
  EXPECT_EQ(rest->events.ids().front(), 501U);
  again->answer(*rest, Result::Applied);
  ASSERT_TRUE(becomes("completed")) << said();
  EXPECT_EQ(replay("sent || ' ' || applied"), "700 700");
}

TEST_F(ReplayFeed, OneAfterTheOther) {
  auto scripted = consumer_of("s");
  request("to_id => 1");
  request("from_id => 5");
  auto retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  EXPECT_THAT(events_of(*retry), ElementsAre("1 U app"));
  EXPECT_EQ(replay("status", 2), "requested");
  scripted->answer(*retry, Result::Applied);
  retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  EXPECT_EQ(retry->replay, 2U);
  EXPECT_THAT(events_of(*retry), ElementsAre("5 U app"));
}

TEST_F(ReplayFeed, EndsWhenItIsCancelledAndCountsWhatWasUnderWay) {
  sql("SELECT outbox.publish('app', '{}') FROM generate_series(6, 700)");
  auto scripted = consumer_of("s");
  request("rate => 50");
  const auto retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  sql("SELECT outbox.cancel(1, 'anna')");
  request("from_id => 700");
  scripted->answer(*retry, Result::Applied);
  auto next = scripted->next<Retry>();
  while (next && next->replay == 1) {  // until the producer has noticed
    scripted->answer(*next, Result::Applied);
    next = scripted->next<Retry>();
  }
  ASSERT_TRUE(next.has_value()) << said();
  EXPECT_THAT(next->events.ids(), ElementsAre(700U));
  EXPECT_EQ(replay("status"), "cancelled");
  EXPECT_EQ(replay("last_id = sent AND sent >= " + std::to_string(retry->events.ids().size())), "t");
  EXPECT_EQ(replay("sent < 350"), "t") << "far from its end";
}

TEST_F(ReplayFeed, SomebodyWhoHoldsItLockedHoldsUpNothingElse) {
  auto scripted = consumer_of("s");
  request();
  const auto retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  postgres::Connection operator_(conninfo, "operator");
  {
    postgres::Transaction open(operator_, postgres::Transaction::Kind::ReadWrite);
    open.query("SELECT outbox.cancel(1)");
    scripted->answer(*retry, Result::Applied);
    ASSERT_TRUE(eventually([&] {
      return value(
                 "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                 " AND application_name LIKE 'mailboat-producer%'") != "0";
    })) << said();
    const auto later = publish().first;
    ASSERT_TRUE(eventually([&] { return scripted->has_window_with(later); })) << said();
    EXPECT_EQ(scripted->waiting<Refusal>(), 0);
  }
  EXPECT_TRUE(becomes("completed")) << said();
  EXPECT_EQ(replay("sent"), "5");
}

TEST_F(ReplayFeed, NeitherWindowsNorRetriesStarveMeanwhile) {
  sql("SELECT outbox.publish('app', '{}') FROM generate_series(6, 20000)");
  configure("s", "max_attempts => 1000000");
  auto scripted = consumer_of("s");
  scripted->reject(1, transaction_of(1));
  request("to_id => 20000");
  int retries = 0;
  int windows = 0;
  auto last = publish().first;
  while (replay("status") != "completed") {
    const auto retry = scripted->next<Retry>();
    ASSERT_TRUE(retry.has_value()) << retries << said();
    retries += retry->replay == 0 ? 1 : 0;
    scripted->answer(*retry, retry->replay == 0 ? Result::Rejected : Result::Applied);
    if (!scripted->has_window_with(last)) continue;
    ++windows;
    last = publish().first;
  }
  EXPECT_EQ(replay("sent"), "20000");
  EXPECT_GE(retries, 3);
  EXPECT_GE(windows, 3);
}

TEST_F(ReplayFeed, OneThatCannotBeReadFailsAndHarmsNothingElse) {
  sql("ALTER TABLE outbox.replay ALTER key TYPE text USING key::text");  // a statement that PostgreSQL
                                                                         // refuses
  auto scripted = consumer_of("s");
  request();
  ASSERT_TRUE(becomes("failed")) << said();
  EXPECT_THAT(replay("error"), HasSubstr("the events cannot be read"));
  const auto later = publish().first;
  EXPECT_TRUE(eventually([&] { return scripted->has_window_with(later); })) << said();
}

TEST_F(ReplayFeed, LooksThroughALogInWhichHardlyAnythingMatches) {
  sql("SELECT outbox.publish('app', '{}') FROM generate_series(6, 60000)");
  publish("other");
  auto scripted = consumer_of("s");
  request("topic => 'other'");
  const auto retry = scripted->next<Retry>();
  ASSERT_TRUE(retry.has_value()) << said();
  EXPECT_THAT(events_of(*retry), ElementsAre("60001 U other"));
  scripted->answer(*retry, Result::Applied);
  EXPECT_TRUE(becomes("completed")) << said();
}

/// A producer that may do no more than a member of outbox_producer.
class MemberReplays : public ReplayFeed {
 protected:
  void SetUp() override {
    publish();
    sql("DO $$ BEGIN CREATE ROLE replay_producer LOGIN IN ROLE outbox_producer; "
        "EXCEPTION WHEN duplicate_object THEN END $$");
    producer = std::make_unique<Process>(std::vector<std::string>{program("mailboat-producer"), "--postgres",
                                                                  conninfo + " user=replay_producer",
                                                                  "--listen", endpoint()});
    ASSERT_TRUE(producer->wait_for_output("is listening")) << said();
  }
};

TEST_F(MemberReplays, NeedNoMoreThanTheRoleOfAProducer) { EXPECT_THAT(replayed(""), ElementsAre("1 U app")); }

}  // namespace
}  // namespace mailboat::test
