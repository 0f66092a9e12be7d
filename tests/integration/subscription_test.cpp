#include <gmock/gmock.h>

#include "tests/integration/outbox_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::HasSubstr;

TEST_F(Outbox, ASubscriptionStartsAtTheSnapshotOfItsCreation) {
  EXPECT_EQ(value("BEGIN; SELECT outbox.subscribe('a'); SELECT outbox.subscribe('b', 'now', '{public.t}');"
                  "SELECT count(*) FROM outbox.subscription WHERE snapshot::text = "
                  "pg_current_snapshot()::text AND state "
                  "= 'active' "
                  "AND acked_event_id = 0 AND acked_at IS NULL AND max_attempts = 5"),
            "2");
  sql("COMMIT");
  EXPECT_EQ(value("SELECT string_agg(start || coalesce(topics::text, ''), ' ' ORDER BY name) FROM "
                  "outbox.subscription"),
            "load now{public.t}");
}

TEST_F(Outbox, ASubscriptionFromTheEarliestCoversNothing) {
  sql("SELECT outbox.subscribe('a', 'earliest')");
  EXPECT_EQ(value("SELECT snapshot FROM outbox.subscription"), "1:1:");
}

TEST_F(Outbox, SubscribeRefusesWithTheRemedy) {
  sql("SELECT outbox.subscribe('a')");
  EXPECT_THAT(refusal("SELECT outbox.subscribe('a')"), HasSubstr("mailboat unsubscribe a"));
  EXPECT_THAT(refusal("SELECT outbox.subscribe('no spaces')"), HasSubstr("1 to 63 letters"));
  EXPECT_THAT(refusal("SELECT outbox.subscribe(NULL)"), HasSubstr("1 to 63 letters"));
  EXPECT_THAT(refusal("SELECT outbox.subscribe('b', 'tomorrow')"), HasSubstr("load, now or earliest"));
}

TEST_F(Outbox, ALoadIsRequiredUntilAProducerHasBegunIt) {
  sql("SELECT outbox.subscribe('a'); SELECT outbox.require_load('a', 'first', true);"
      "SELECT outbox.require_load('a', 'second')");
  EXPECT_EQ(value("SELECT concat_ws(' ', state, load_reason, reset_cursor) FROM outbox.subscription"),
            "needs_load second t")
      << "whoever asks for less does not take back what somebody else has decided";
  EXPECT_THAT(refusal("SELECT outbox.require_load('b', 'why')"), HasSubstr("there is no subscription \"b\""));
  sql("SET ROLE outbox_producer; UPDATE outbox.subscription SET state = 'active', load_reason = NULL,"
      " load_required_at = NULL, reset_cursor = false; RESET ROLE");
  EXPECT_EQ(value("SELECT state FROM outbox.subscription"), "active");
  EXPECT_EQ(
      value("SELECT has_function_privilege('outbox_producer', 'outbox.require_load(text, text, boolean)',"
            " 'EXECUTE')"),
      "f")
      << "whoever may only read must not reset a replica";
}

TEST_F(Outbox, UnsubscribeForgetsAndRefusesTheUnknown) {
  sql("SELECT outbox.subscribe('a'); SELECT outbox.unsubscribe('a')");
  EXPECT_EQ(value("SELECT count(*) FROM outbox.subscription"), "0");
  EXPECT_THAT(refusal("SELECT outbox.unsubscribe('a')"), HasSubstr("there is no subscription \"a\""));
}

}  // namespace
}  // namespace mailboat::test
