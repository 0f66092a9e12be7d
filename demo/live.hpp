#pragma once

#include <functional>
#include <optional>

#include "demo/application.hpp"
#include "demo/display.hpp"
#include "demo/lag.hpp"
#include "demo/pipeline.hpp"
#include "demo/replica_view.hpp"

namespace mailboat::demo {

/// Some seconds of an application at work, with the consumer killed in the middle and started again a second
/// later, watched on the replica's side.
class LiveChapter {
 public:
  /// All must outlive it.
  LiveChapter(Application& application, Pipeline& pipeline, ReplicaView& replica, Display& display);

  /// Returns when the application has stopped and the replica has all that it committed. Calls `check` often;
  /// it may throw to break off.
  void run(std::chrono::seconds length, const std::function<void()>& check);

  [[nodiscard]] const Lag& lag() const { return lag_; }

 private:
  void look();
  void show(Clock::time_point now);
  void kill_and_restart(Clock::duration age, std::chrono::seconds length);

  Application& application_;
  Pipeline& pipeline_;
  ReplicaView& replica_;
  Display& display_;
  Lag lag_;
  Clock::time_point begin_ = Clock::now();
  enum class Consumer { FirstLife, Dead, SecondLife } consumer_ = Consumer::FirstLife;
  Clock::time_point killed_at_;
  Clock::time_point rate_since_ = begin_;
  std::int64_t applied_then_ = 0;
  std::int64_t rate_ = 0;
};

}  // namespace mailboat::demo
