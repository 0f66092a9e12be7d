#include "consumer/source_monitor.hpp"

#include <gmock/gmock.h>

namespace mailboat::consumer {
namespace {

using ::testing::HasSubstr;

/// One of two sources, whose producer has answered.
class Monitored : public ::testing::Test {
 protected:
  Monitored() {
    health.set("source us", "");
    monitor.connected("ipc:///feed");
  }

  /// As a Conversation does it with a window that has come as a whole.
  void commit_window(const std::string& trouble = {}) {
    monitor.frame_applied({}, std::chrono::milliseconds(1));
    monitor.window_committed(std::chrono::milliseconds(1), 0, trouble);
  }
  void expect_ready(bool ready) const {
    EXPECT_THAT(metrics.set.text(),
                HasSubstr(R"(mailboat_consumer_ready{source="eu",subscription="replica"} )" +
                          std::string(ready ? "1\n" : "0\n")));
  }

  ConsumerMetrics metrics;
  Health health;
  SourceMonitor monitor{metrics, health, {.name = "eu", .subscription = "replica"}, "replica.db"};
};

TEST_F(Monitored, IsReadyWithTheFirstWindowThatIsCommitted) {
  EXPECT_THAT(health.unready(), HasSubstr("its first window is being applied"));
  monitor.frame_applied({}, {});
  expect_ready(false);
  commit_window();
  EXPECT_EQ(health.unready(), "");
  expect_ready(true);
}

TEST_F(Monitored, IsNotReadyWhileTheRestOfAWindowDoesNotCome) {
  commit_window();
  monitor.frame_applied({}, {});
  expect_ready(true);
  for (int time = 0; time < 2; ++time) {
    monitor.stalled();
    EXPECT_EQ(health.unready(), "source eu: the rest of a window does not come");
    expect_ready(false);
  }
  EXPECT_THAT(metrics.set.text(),
              HasSubstr(R"(mailboat_consumer_connected{source="eu",subscription="replica"} 1)"))
      << "its producer may be working on it";
  commit_window();
  EXPECT_EQ(health.unready(), "");
  expect_ready(true);
}

TEST_F(Monitored, TellsWhatWaitsForAnOperatorInOneLine) {
  commit_window("table item is paused:\nno such column");
  EXPECT_EQ(health.unready(), "source eu: changes are applied, but table item is paused: no such column");
  expect_ready(false);
}

TEST_F(Monitored, IsNotReadyWhileItWaitsForAProducer) {
  commit_window();
  monitor.waits("no answer");
  EXPECT_EQ(health.unready(), "source eu: no answer");
  monitor.connected("ipc:///other");
  EXPECT_THAT(health.unready(), HasSubstr("producer ipc:///other has answered"));
  expect_ready(false);
  EXPECT_THAT(metrics.set.text(),
              HasSubstr(R"(mailboat_consumer_sessions_total{source="eu",subscription="replica"} 2)"));
}

}  // namespace
}  // namespace mailboat::consumer
