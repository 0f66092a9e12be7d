#include "consumer/window_applier.hpp"

#include "common/log.hpp"

namespace mailboat::consumer {

WindowApplier::~WindowApplier() {
  if (!in_window_) return;
  try {
    replica_.rollback();
  } catch (const Error& error) {
    log::warn("a window could not be rolled back cleanly", {{"error", error.what()}});
  }
}

void WindowApplier::require_fit(const Frame& frame) const {
  const auto expected_window = in_window_ ? window_ : window_ + 1;
  if (frame.window != expected_window || frame.index != next_index_) {
    throw StreamBroken("expected frame " + std::to_string(next_index_) + " of window " +
                       std::to_string(expected_window) + ", but frame " + std::to_string(frame.index) +
                       " of window " + std::to_string(frame.window) + " came");
  }
  if (frame.index > 0) return;
  const auto& cursor = replica_.cursor();
  if (frame.from != (cursor ? std::optional(cursor->snapshot) : std::nullopt)) {
    throw StreamBroken("window " + std::to_string(frame.window) + " begins at " +
                       (frame.from ? frame.from->to_string() : "nothing") + ", but the replica is at " +
                       (cursor ? cursor->snapshot.to_string() : "nothing"));
  }
}

void WindowApplier::apply(const LoadChunk& chunk) {
  if (chunk.purpose == LoadChunk::Purpose::Load) {
    replica_.apply(chunk);
  } else {
    replica_.verify(chunk);
  }
}

std::optional<Ack> WindowApplier::apply(const Frame& frame, const RowsAhead& rows) {
  require_fit(frame);
  if (frame.index == 0) {
    replica_.begin();
    in_window_ = true;
    window_ = frame.window;
    if (window_ == 1 && welcome_.new_history) replica_.forget_history(welcome_.shared_events);
  }
  replica_.apply(frame.events, rows);
  for (const auto& topic : frame.load_begins) replica_.begin_load(topic);
  if (frame.chunk) apply(*frame.chunk);
  ++next_index_;
  if (!frame.last) return std::nullopt;

  const auto began = std::chrono::steady_clock::now();
  replica_.commit({welcome_.source, *frame.to});
  commit_took_ = std::chrono::steady_clock::now() - began;
  in_window_ = false;
  next_index_ = 0;
  return Ack{*frame.to, frame.window, replica_.last_event_id()};
}

}  // namespace mailboat::consumer
