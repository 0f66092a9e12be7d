// What a producer does with rejections that a consumer reports, and with its trouble.
#include <gmock/gmock.h>
#include <signal.h>

#include "migrations/migrator.hpp"
#include "tests/integration/task_feed_fixture.hpp"
#include "tests/support/cluster.hpp"

namespace mailboat::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Result = RetryOutcome::Result;

class Report : public TaskFeed {
 protected:
  Report() { configure("s", "retry_delay => '1 h', retry_delay_max => '1 h'"); }
};

TEST_F(Report, IsConfirmedOnlyOnceItIsCommitted) {
  const auto [id, transaction] = publish();
  auto scripted = consumer_of("s");
  postgres::Connection other(conninfo, "other");
  postgres::Transaction rival(other, postgres::Transaction::Kind::ReadWrite);
  rival.query(
      "INSERT INTO outbox.rejection (subscription, event_id, txid, last_error, next_attempt_at) VALUES "
      "('s', " +
      std::to_string(id) + ", '1', 'x', now())");
  scripted->reject(id, transaction);
  ASSERT_TRUE(eventually([&] {
    return value(
               "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mailboat-producer/s' AND "
               "wait_event_type = 'Lock'") == "1";
  })) << said();
  EXPECT_EQ(scripted->waiting<Recorded>(), 0);
  rival.rollback();
  const auto recorded = scripted->next<Recorded>();
  ASSERT_TRUE(recorded.has_value()) << said();
  EXPECT_THAT(recorded->event_ids, ElementsAre(id));
  EXPECT_EQ(task(id, "concat_ws(' ', status, last_error)"), "retrying refused");
}

TEST_F(Report, ThatIsRepeatedIsConfirmedAgainAndCountedOnce) {
  const auto [id, transaction] = publish();
  auto scripted = consumer_of("s");
  scripted->reject(id, transaction);
  scripted->reject(id, transaction);
  EXPECT_TRUE(scripted->next<Recorded>() && scripted->next<Recorded>()) << said();
  auto again = consumer_again(*scripted);
  again->reject(id, transaction, "said otherwise");
  EXPECT_TRUE(again->next<Recorded>()) << said();
  EXPECT_EQ(task(id, "concat_ws(' ', status, retry_count, last_error)"), "retrying 0 refused");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.rejection_history"), "1");
}

TEST_F(Report, ThatPostgresqlCannotTakeEndsTheSessionBeforeTheAcknowledgementIsWrittenBack) {
  auto scripted = consumer_of("s");
  sql("CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'could not extend "
      "file'"
      " USING ERRCODE = 'disk_full'; END $$;"
      "CREATE TRIGGER fill BEFORE INSERT ON outbox.rejection FOR EACH ROW EXECUTE FUNCTION fill()");
  scripted->set_acknowledging(false);
  const auto [id, transaction] = publish();
  ASSERT_TRUE(eventually([&, event = id] { return scripted->has_window_with(event); })) << said();
  ASSERT_TRUE(eventually([&] {  // an acknowledgement is written back about once a second
    return value("SELECT now() > consumer_seen_at + interval '1.5 s' FROM outbox.subscription") == "t";
  }));
  scripted->reject(id, transaction);
  scripted->send(Ack{scripted->cursor()->snapshot, 1000, id});
  const auto refusal = scripted->next<Refusal>();
  ASSERT_TRUE(refusal.has_value()) << said();
  EXPECT_EQ(refusal->code, RefusalCode::SourceUnavailable);
  EXPECT_THAT(refusal->text, AllOf(HasSubstr("cannot record the tasks of subscription 's'"),
                                   HasSubstr("could not extend file")));
  EXPECT_LT(std::stoull(value("SELECT acked_event_id FROM outbox.subscription")), id);

  sql("DROP TRIGGER fill ON outbox.rejection");
  auto again = consumer_again(*scripted);
  again->reject(id, transaction);
  EXPECT_TRUE(again->next<Recorded>()) << said();
}

TEST_F(Report, OfAConsumerThatLeavesAtOnceIsRecorded) {
  const auto [id, transaction] = publish();
  auto scripted = consumer_of("s");
  scripted->reject(id, transaction);
  scripted->send(Goodbye{});
  EXPECT_TRUE(task_becomes(id, "retrying")) << said();
}

TEST_F(Report, MayHoldAnyBytes) {
  const auto [id, transaction] = publish();
  auto scripted = consumer_of("s");
  using namespace std::string_literals;
  scripted->reject(id, transaction,
                   "NUL \0 escape \x1b[2J not UTF-8 \xff\xc3 \"\\{ é"s + std::string(5000, 'x'));
  ASSERT_TRUE(scripted->next<Recorded>()) << said();
  EXPECT_THAT(task(id, "last_error"), HasSubstr("NUL ? escape ?[2J not UTF-8 ?? \"\\{ éxxx"));
  EXPECT_EQ(task(id, "octet_length(last_error)"), "2000");
}

TEST_F(Report, OfAnImpossibleEventIsDroppedAndTheOthersAreRecorded) {
  const auto [id, transaction] = publish();
  auto scripted = consumer_of("s");
  scripted->send(Rejected{{{~EventId{0}, 1, "x"}, {id, transaction, "refused"}}});
  const auto recorded = scripted->next<Recorded>();
  ASSERT_TRUE(recorded) << said();
  EXPECT_THAT(recorded->event_ids, ElementsAre(id));
}

TEST(ReportOnDisk, IsThereAfterACrashThatLosesCommitsWhichDidNotWait) {
  Cluster cluster({.settings = {"synchronous_commit=off", "wal_writer_delay=10s"}});
  const TempDir directory("report");
  const auto endpoint = "ipc://" + (directory.path() / "feed").string();
  {
    postgres::Connection admin(cluster.conninfo(), "test");
    migrations::migrate(admin);
    admin.query("SELECT outbox.subscribe('s', 'now')");
  }
  Process producer({program("mailboat-producer"), "--postgres", cluster.conninfo(), "--listen", endpoint});
  ScriptedConsumer scripted(endpoint);
  ASSERT_TRUE(scripted.follow("s")) << producer.errors();
  scripted.reject(1, 1);
  ASSERT_TRUE(scripted.next<Recorded>()) << producer.errors();
  cluster.stop(Cluster::Stop::Immediate);
  cluster.start();
  postgres::Connection after(cluster.conninfo(), "test");
  EXPECT_EQ(after.query("SELECT status FROM outbox.rejection").size(), 1);
}

class Trouble : public TaskFeed {
 protected:
  std::optional<Refusal> tell(const std::string& trouble, const std::string& subscription = "s") {
    ScriptedConsumer scripted(endpoint());
    Hello hello;
    hello.subscription = subscription;
    hello.trouble = trouble;
    scripted.send(hello);
    return scripted.next<Refusal>();
  }
  std::string trouble() { return value("SELECT coalesce(trouble, 'none') FROM outbox.subscription"); }
  std::string since() { return value("SELECT trouble_since FROM outbox.subscription"); }
};

TEST_F(Trouble, IsNotedOncePerChangeWithoutDisturbingASession) {
  ScriptedConsumer scripted(endpoint());
  scripted.set_acknowledging(false);
  ASSERT_TRUE(scripted.follow("s")) << said();
  ASSERT_EQ(tell("cannot write:\ndisk full").value_or(Refusal{}).code, RefusalCode::TroubleNoted) << said();
  EXPECT_EQ(trouble(), "cannot write:?disk full");
  const auto first = since();
  tell("cannot write:\ndisk full");
  EXPECT_EQ(since(), first);
  tell(std::string(3000, 'x'));
  EXPECT_EQ(trouble(), std::string(2000, 'x'));
  EXPECT_NE(since(), first);
  const auto id = publish().first;
  EXPECT_TRUE(eventually([&] { return scripted.has_window_with(id); })) << said();
}

TEST_F(Trouble, EndsWithTheFirstAcknowledgementOfASession) {
  tell("disk full");
  ASSERT_EQ(trouble(), "disk full");
  auto scripted = consumer_of("s");
  EXPECT_TRUE(eventually([&] { return trouble() == "none" && since().empty(); })) << said();
}

TEST_F(Trouble, OfAnUnknownSubscriptionIsRefusedAsUsual) {
  const auto refusal = tell("disk full", "nobody");
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->code, RefusalCode::UnknownSubscription);
}

}  // namespace
}  // namespace mailboat::test
