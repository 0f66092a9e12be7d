#include "common/metrics.hpp"

#include <gmock/gmock.h>

#include "common/event_counters.hpp"
#include "common/monitoring.hpp"

namespace mailboat {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Metrics, ShowWhatWasCountedSetAndObserved) {
  MetricSet set("program");
  auto sent = set.counter("sent_total", {"to"}, "What was sent");
  auto level = set.gauge("level", {}, "How high");
  auto took = set.histogram("took_seconds", {"of"}, "How long");
  sent.with({"a"}).add(2);
  sent.with({"a"}).add();
  sent.with({"say \"b\"\n"}).add();
  level.with({}).set(0.5);
  took.with({"x"}).observe(0.003);
  const auto text = set.text();
  EXPECT_THAT(text, HasSubstr("# HELP sent_total What was sent\n# TYPE sent_total counter\n"));
  EXPECT_THAT(text, HasSubstr("sent_total{to=\"a\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("sent_total{to=\"say \\\"b\\\"\\n\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nlevel 0.5\n"));
  EXPECT_THAT(text, HasSubstr("took_seconds_bucket{of=\"x\",le=\"0.0025\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("took_seconds_bucket{of=\"x\",le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("took_seconds_count{of=\"x\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("mailboat_build_info{program=\"program\",version=\""));
}

TEST(Metrics, AGaugeForgetsWhatIsNotThereAnyMore) {
  MetricSet set("program");
  auto lag = set.gauge("lag", {"of"}, "How far");
  lag.replace({{{"a"}, 1}, {{"b"}, 2}});
  lag.replace({{{"b"}, 3}, {{"c"}, 4}});
  const auto text = set.text();
  EXPECT_THAT(text, Not(HasSubstr("lag{of=\"a\"}")));
  EXPECT_THAT(text, HasSubstr("lag{of=\"b\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("lag{of=\"c\"} 4\n"));
}

/// Events of one window after the other.
class Counted : public ::testing::Test {
 protected:
  void add(const std::string& topic, Op op, const std::string& payload) {
    EventBatch batch;
    batch.add({1, 1, topic, op, payload});
    counters.add(batch);
  }

  MetricSet set{"program"};
  EventCounters counters{set.counter("events_total", {"by", "topic", "op"}, "Events"),
                         set.counter("bytes_total", {"by", "topic", "op"}, "Bytes"),
                         {"me"}};
};

TEST_F(Counted, EventsBecomeVisibleWithTheirWindowByTopicAndOperation) {
  EventBatch batch;
  batch.add({1, 1, "a", Op::Insert, "{}"});
  batch.add({2, 1, "b", Op::Delete, "{1}"});
  batch.add({3, 1, "a", Op::Insert, "{12}"});
  batch.add({4, 1, "a", Op::Relation, "{123}"});
  counters.add(batch);
  EXPECT_THAT(set.text(), Not(HasSubstr("events_total{")));
  add("a", Op::Insert, "");
  counters.count();
  const auto text = set.text();
  EXPECT_THAT(text, HasSubstr("events_total{by=\"me\",op=\"I\",topic=\"a\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("bytes_total{by=\"me\",op=\"I\",topic=\"a\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("events_total{by=\"me\",op=\"D\",topic=\"b\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("bytes_total{by=\"me\",op=\"R\",topic=\"a\"} 5\n"));
  EXPECT_THAT(text, Not(HasSubstr("op=\"U\"")));
}

TEST_F(Counted, AWindowThatIsForgottenDoesNotCount) {
  add("a", Op::Update, "{}");
  counters.forget();
  add("a", Op::Truncate, "");
  counters.count();
  EXPECT_THAT(set.text(), Not(HasSubstr("op=\"U\"")));
  EXPECT_THAT(set.text(), HasSubstr("events_total{by=\"me\",op=\"T\",topic=\"a\"} 1\n"));
}

TEST_F(Counted, TopicsWithoutEndDoNotFillTheMemory) {
  for (std::size_t i = 0; i < EventCounters::most_topics + 5; ++i)
    add("customer_" + std::to_string(i), Op::Update, "{}");
  counters.count();
  EXPECT_THAT(set.text(), HasSubstr("events_total{by=\"me\",op=\"U\",topic=\"(others)\"} 5\n"));
  EXPECT_THAT(set.text(), HasSubstr("topic=\"customer_999\"} 1\n"));
  EXPECT_THAT(set.text(), Not(HasSubstr("customer_1000")));
}

TEST(Health, IsReadyWhenEveryPartIs) {
  Health health;
  EXPECT_EQ(health.unready(), "it has only just begun");
  health.set("source eu", "no producer has answered yet");
  health.set("source us", "");
  EXPECT_EQ(health.unready(), "source eu: no producer has answered yet");
  health.set("source us", "it waits");
  EXPECT_EQ(health.unready(), "source eu: no producer has answered yet; source us: it waits");
  health.set("source eu", "");
  health.set("source us", "");
  EXPECT_EQ(health.unready(), "");
}

TEST(Health, IsAliveUntilNoLoopHasMovedForMinutes) {
  Health health;
  health.beat();
  const auto now = Health::Clock::now();
  EXPECT_FALSE(health.stuck(now + Health::stuck_after - seconds(5)));
  EXPECT_EQ(health.stuck(now + Health::stuck_after + seconds(5))->count() / 10, 30);
  const MetricSet set("program");
  EXPECT_EQ(monitoring_answer("/healthz", set, health, now).status, 200);
  const auto stuck = monitoring_answer("/healthz", set, health, now + Health::stuck_after + seconds(5));
  EXPECT_EQ(stuck.status, 503);
  EXPECT_THAT(stuck.body, HasSubstr("no main loop has moved for 30"));
}

TEST(Monitoring, HasThreePages) {
  const MetricSet set("program");
  Health health;
  const auto ask = [&](const std::string& path) { return monitoring_answer(path, set, health, {}); };
  EXPECT_THAT(ask("/metrics").body, HasSubstr("mailboat_build_info{"));
  EXPECT_THAT(ask("/metrics").content_type, HasSubstr("version=0.0.4"));
  EXPECT_EQ(ask("/readyz").status, 503);
  EXPECT_EQ(ask("/readyz").body, "it has only just begun\n");
  health.set("", "");
  EXPECT_EQ(ask("/readyz").status, 200);
  EXPECT_EQ(ask("/").status, 404);
}

}  // namespace
}  // namespace mailboat
