#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "common/event_counters.hpp"
#include "common/health.hpp"
#include "common/messages.hpp"
#include "consumer/consumer_metrics.hpp"
#include "consumer/source.hpp"

namespace mailboat::consumer {

/// Tells the world how one source is followed, in numbers and as readiness. One thread, but beat() from any.
/// What is given must outlive it.
class SourceMonitor {
 public:
  using Clock = std::chrono::steady_clock;

  SourceMonitor(ConsumerMetrics& metrics, Health& health, const Source& source, const std::string& database);

  void beat() { health_.beat(); }

  /// A producer serves us, from now on until waits() or ended(). Not ready before a window has been
  /// committed.
  void connected(const std::string& producer);
  void frame_applied(const Frame& frame, Clock::duration took);
  /// With the frames since the last one. `trouble`: what does not go on all the same; usually empty.
  void window_committed(Clock::duration commit_took, std::size_t rejections, const std::string& trouble);
  /// `retried`: what became of `events`, in their order.
  void retried(const EventBatch& events, const Retried& retried);
  /// The rest of a window does not come.
  void stalled();
  /// It is tried again, after a while.
  void waits(const std::string& reason);
  /// It is not.
  void ended(const std::string& reason);

 private:
  void set_ready(const std::string& reason);
  void measure_log(Clock::time_point now);
  Counter loaded_rows(const std::string& topic);

  ConsumerMetrics& metrics_;
  Health& health_;
  const LabelValues labels_;
  const std::string part_;  // of the health
  const std::filesystem::path log_;

  const Gauge ready_;
  const Gauge connected_;
  const Gauge committed_;
  const Counter windows_;
  const Counter rejections_;
  const Histogram apply_seconds_;
  const Histogram commit_seconds_;
  EventCounters events_;

  std::string reason_;  // as it was last told
  Clock::duration apply_took_{};
  Clock::time_point measured_at_{};
};

}  // namespace mailboat::consumer
