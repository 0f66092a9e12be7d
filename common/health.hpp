#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace mailboat {

/// Whether a daemon's loops move, and whether it does what it is there for. Any thread.
class Health {
 public:
  using Clock = std::chrono::steady_clock;
  /// Longer than any step between two beats should take: a commit of a huge window to a slow disk, for
  /// example.
  static constexpr std::chrono::minutes stuck_after{5};

  /// A main loop has moved.
  void beat() { beat_at_ = Clock::now().time_since_epoch().count(); }
  /// For how long none has, if that is too long.
  [[nodiscard]] std::optional<std::chrono::seconds> stuck(Clock::time_point now) const;

  /// Why a part of the daemon (a consumer's source; without a name: all of it) does not do its work now, in
  /// one sentence without a full stop; empty when it does.
  void set(const std::string& part, std::string reason);
  /// Why not all parts do theirs; empty when they do. Before any has said so, none does.
  [[nodiscard]] std::string unready() const;

 private:
  std::atomic<Clock::rep> beat_at_ = Clock::now().time_since_epoch().count();
  mutable std::mutex mutex_;
  std::map<std::string, std::string> reasons_;  // guarded by mutex_
};

}  // namespace mailboat
