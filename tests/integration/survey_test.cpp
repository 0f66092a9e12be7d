// What metrics tell of the source: read by a producer, with a producer's rights.
#include "producer/survey.hpp"

#include <gmock/gmock.h>

#include "tests/integration/retention_fixture.hpp"

namespace mailboat::test {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

class Survey : public Retention {
 protected:
  std::string look() {
    survey.look();
    return metrics.set.text();
  }
  /// The value of a metric with these labels, as it is printed; empty without it.
  std::string metric(const std::string& name_and_labels) {
    const auto text = look();
    const auto at = text.find("\n" + name_and_labels + " ");
    if (at == std::string::npos) return {};
    const auto begin = at + name_and_labels.size() + 2;
    return text.substr(begin, text.find('\n', begin) - begin);
  }
  std::string lag(const std::string& subscription) {
    return metric("mailboat_producer_lag_events{subscription=\"" + subscription + "\"}");
  }

  producer::ProducerMetrics metrics;
  producer::Survey survey{source, metrics};
};

TEST_F(Survey, CountsWhatIsCommittedAndNotAcknowledged) {
  write(3);
  subscribe("a");
  subscribe("b", "earliest");
  write(4);
  EXPECT_EQ(lag("a"), "4");
  EXPECT_EQ(lag("b"), "7");
  EXPECT_NE(metric("mailboat_producer_lag_bytes{subscription=\"a\"}"), "0");
  EXPECT_NE(metric("mailboat_producer_lag_seconds{subscription=\"a\"}"), "0");
  acknowledge("a");
  EXPECT_EQ(lag("a"), "0");
  EXPECT_EQ(metric("mailboat_producer_lag_bytes{subscription=\"a\"}"), "0");
  EXPECT_EQ(metric("mailboat_producer_lag_seconds{subscription=\"a\"}"), "0");
}

TEST_F(Survey, CountsOnlyTheTopicsOfASubscription) {
  sql("SELECT outbox.subscribe('a', 'now', '{mine}')");
  write(5);
  sql("SELECT outbox.publish('mine', '{}')");
  EXPECT_EQ(lag("a"), "1");
}

TEST_F(Survey, CountsWhatAnAcknowledgedSnapshotSawInFlight) {
  postgres::Connection slow(conninfo, "application");
  postgres::Transaction transaction(slow, postgres::Transaction::Kind::ReadWrite);
  transaction.query("SELECT outbox.publish('app', '{}')");
  write(1);
  subscribe("a");
  EXPECT_EQ(lag("a"), "0");
  transaction.commit();
  EXPECT_EQ(lag("a"), "1");
}

TEST_F(Survey, EstimatesALongBacklogWithoutReadingIt) {
  sql("SELECT outbox.subscribe('a', 'now', '{mine}')");
  write(5000);
  EXPECT_EQ(lag("a"), "5000") << "of whatever topic";
  EXPECT_NE(metric("mailboat_producer_lag_seconds{subscription=\"a\"}"), "0");
}

TEST_F(Survey, TellsOfTasksAndForgetsASubscriptionThatIsGone) {
  subscribe("a");
  write(2);
  sql("SELECT outbox.reject('a', '{1,2}', ARRAY(SELECT txid FROM outbox.event ORDER BY id), '{x,y}')");
  sql("UPDATE outbox.rejection SET status = 'failed', next_attempt_at = NULL, failed_at = now() WHERE "
      "event_id = 1");
  EXPECT_EQ(metric("mailboat_producer_tasks{status=\"failed\",subscription=\"a\"}"), "1");
  EXPECT_EQ(metric("mailboat_producer_tasks{status=\"retrying\",subscription=\"a\"}"), "1");
  sql("SELECT outbox.unsubscribe('a')");
  EXPECT_THAT(look(), Not(HasSubstr("subscription=\"a\"")));
}

TEST_F(Survey, TellsOfTroubleLoadsAndVerifications) {
  sql("CREATE TABLE item (id int PRIMARY KEY); SELECT outbox.track('item'); SELECT outbox.subscribe('a')");
  EXPECT_EQ(metric("mailboat_producer_trouble{subscription=\"a\"}"), "0");
  EXPECT_EQ(metric("mailboat_producer_needs_load{subscription=\"a\"}"), "0");
  EXPECT_EQ(metric("mailboat_producer_load_tables_left{subscription=\"a\"}"), "0");
  EXPECT_THAT(look(), Not(HasSubstr("verified_timestamp_seconds{")));
  sql("UPDATE outbox.subscription SET trouble = 'disk full', trouble_since = now(),"
      " load = '{\"topic\": \"public.item\", \"rows\": 7, \"rows_left\": 9, \"tables_left\": 2}';"
      "SELECT outbox.require_load('a', 'test')");
  EXPECT_EQ(metric("mailboat_producer_trouble{subscription=\"a\"}"), "1");
  EXPECT_EQ(metric("mailboat_producer_needs_load{subscription=\"a\"}"), "1");
  EXPECT_EQ(metric("mailboat_producer_load_rows{subscription=\"a\"}"), "7");
  EXPECT_EQ(metric("mailboat_producer_load_rows_left{subscription=\"a\"}"), "9");
  EXPECT_EQ(metric("mailboat_producer_load_tables_left{subscription=\"a\"}"), "3");
  sql("SELECT outbox.request_verify('a');"
      "UPDATE outbox.operation_table SET status = 'completed', finished_at = 'epoch'::timestamptz + '5 s'");
  EXPECT_EQ(metric("mailboat_producer_verified_timestamp_seconds{subscription=\"a\",topic=\"public.item\"}"),
            "5");
}

TEST_F(Survey, TellsHowLargeTheLogIs) {
  write(1);
  EXPECT_EQ(metric("mailboat_producer_retained_bytes"),
            value("SELECT sum(bytes) FROM outbox.log_partitions()"));
}

TEST_F(Survey, SeesATransactionThatStaysOpenWithoutTheRightToSeeSessions) {
  postgres::Connection slow(conninfo, "application");
  postgres::Transaction transaction(slow, postgres::Transaction::Kind::ReadWrite);
  transaction.query("SELECT pg_current_xact_id()");
  write(1);
  EXPECT_NE(metric("mailboat_producer_oldest_transaction_seconds"), "");
}

TEST_F(Survey, NeedsNoMoreThanTheProducersRole) {
  const auto role = create_role("IN ROLE outbox_producer");
  sql("SELECT outbox.subscribe('a')");
  source.query("SET SESSION AUTHORIZATION " + role);
  EXPECT_EQ(lag("a"), "0");
}

TEST_F(Survey, LooksAgainOnlyAfterAWhile) {
  EXPECT_GE(survey.step(), milliseconds(9000));
  EXPECT_THAT(metrics.set.text(), HasSubstr("mailboat_producer_survey_timestamp_seconds "));
  subscribe("late");
  EXPECT_GT(survey.step(), milliseconds(0));
  EXPECT_THAT(metrics.set.text(), Not(HasSubstr("late")));
}

}  // namespace
}  // namespace mailboat::test
