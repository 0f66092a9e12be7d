#pragma once

#include <chrono>
#include <optional>

#include "common/error.hpp"
#include "common/messages.hpp"
#include "consumer/replica.hpp"
#include "consumer/rows_ahead.hpp"

namespace mailboat::consumer {

/// The frames that come do not continue what the replica has: say Hello again.
class StreamBroken : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

/// Applies the frames of one session to a replica: one window is one SQLite transaction. Where the session
/// says that the source has another history, the first of them begins with forgetting the old one. One
/// thread; the replica must outlive it. A window that is open when it is destroyed is rolled back.
class WindowApplier {
 public:
  WindowApplier(Replica& replica, const Welcome& welcome) : replica_(replica), welcome_(welcome) {}
  ~WindowApplier();
  WindowApplier(const WindowApplier&) = delete;
  WindowApplier& operator=(const WindowApplier&) = delete;

  /// Applies a frame, of which `rows` were decoded before. After a window's last frame the window is
  /// committed, cursor included, and the acknowledgement is returned. Throws StreamBroken for a frame that
  /// does not fit, and whatever the replica throws.
  std::optional<Ack> apply(const Frame& frame, const RowsAhead& rows = {});

  [[nodiscard]] bool in_window() const { return in_window_; }
  /// What the last window's commit took.
  [[nodiscard]] std::chrono::steady_clock::duration commit_took() const { return commit_took_; }

 private:
  void require_fit(const Frame& frame) const;
  void apply(const LoadChunk& chunk);

  Replica& replica_;
  const Welcome welcome_;
  std::uint64_t window_ = 0;  // of the frame expected next, or being applied
  std::uint32_t next_index_ = 0;
  bool in_window_ = false;
  std::chrono::steady_clock::duration commit_took_{};
};

}  // namespace mailboat::consumer
