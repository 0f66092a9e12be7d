#include "tests/faults/task_pipeline.hpp"

#include <array>

#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

// The story of each rejected event must be: rejected once, completed or superseded once. The first row says
// what is not so.
constexpr auto accounting = R"sql(
SELECT coalesce((SELECT string_agg(format('event %s is %s after: %s', r.event_id, r.status,
          (SELECT string_agg(h.what, ', ' ORDER BY h.id) FROM outbox.rejection_history h
            WHERE h.subscription = r.subscription AND h.event_id = r.event_id)), '; ')
         FROM outbox.rejection r
        WHERE r.status <> 'completed'
           OR (SELECT count(*) FROM outbox.rejection_history h WHERE h.event_id = r.event_id AND what = 'rejected') <> 1
           OR (SELECT count(*) FROM outbox.rejection_history h WHERE h.event_id = r.event_id
                 AND what IN ('completed', 'superseded')) <> 1), '')
)sql";

}  // namespace

void PrintTo(Victim victim, std::ostream* out) {
  constexpr std::array names{"Consumer", "Producer", "Both"};
  *out << names.at(static_cast<std::size_t>(victim));
}

TaskPipeline::TaskPipeline(Cluster& cluster) : ItemPipeline(cluster) {
  pipeline_.connect_through(proxy_endpoint_);
  pipeline_.sql(
      "SELECT outbox.configure('replica', max_attempts => 1000000, retry_delay => '50 ms',"
      " retry_delay_max => '100 ms')");
}

void TaskPipeline::follow_with_poisoned_table() {
  insert();
  follow();
  by_hand(
      "CREATE TRIGGER poison BEFORE INSERT ON item WHEN NEW.note = 'poison'"
      " BEGIN SELECT RAISE(ABORT, 'it is poison'); END");
}

void TaskPipeline::kill(Victim victim) {
  if (victim != Victim::Producer) pipeline_.kill_consumer();
  if (victim != Victim::Consumer) pipeline_.kill_producer();
}

void TaskPipeline::restart() {
  if (!pipeline_.has_producer()) pipeline_.start_producer(quick);
  if (!pipeline_.has_consumer()) pipeline_.start_consumer(quick);
}

int TaskPipeline::recorded() const {
  return std::stoi(pipeline_.value("SELECT count(*) FROM outbox.rejection"));
}

int TaskPipeline::unconfirmed() const {
  return static_cast<int>(pipeline_.replica().number("SELECT count(*) FROM _mailboat_rejection"));
}

bool TaskPipeline::producer_waits_for_lock() const {
  auto connection = pipeline_.connect();
  return eventually([&] {
    return !connection
                .query(
                    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = "
                    "'Lock'"
                    " AND application_name LIKE 'mailboat-producer%'")
                .empty();
  });
}

void TaskPipeline::expect_accounted_once(int rejected) {
  EXPECT_TRUE(eventually([&] { return recorded() == rejected && unconfirmed() == 0; }))
      << recorded() << " recorded, " << unconfirmed() << " unconfirmed\n"
      << pipeline_.said();
  mend();
  EXPECT_TRUE(becomes_equal());
  std::string wrong;
  EXPECT_TRUE(eventually([&] { return (wrong = pipeline_.value(accounting)).empty(); })) << wrong;
  EXPECT_EQ(recorded(), rejected);
  EXPECT_EQ(unconfirmed(), 0);
  expect_goes_on();
}

HeldLock::HeldLock(const Pipeline& pipeline, const std::string& statement)
    : connection_(pipeline.connect()), transaction_(connection_, postgres::Transaction::Kind::ReadWrite) {
  transaction_.query(statement);
}

}  // namespace mailboat::test
