#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/byte_size.hpp"
#include "common/event.hpp"

namespace mailboat::producer {

/// A part of the log: the events with ids from `from` up to, but without, `to`.
struct LogPartition {
  std::string name;
  EventId from = 0;  ///< 0: everything below `to`
  EventId to = 0;
  std::uint64_t bytes = 0;
  bool empty = true;

  [[nodiscard]] bool has(EventId id) const { return from <= id && id < to; }
};

/// How the log is cut into partitions, see migrations/0026_retention.sql: those that are full, the one that
/// is written to, some that were made ahead, and the tail.
struct LogLayout {
  std::vector<LogPartition> partitions;  ///< in the order of their ids, without gaps
  EventId next_id = 1;                   ///< that no event has had
  std::uint64_t default_bytes = 0;       ///< of the DEFAULT partition
  bool default_in_use = false;           ///< it holds events
  std::optional<bool> overflow_checked =
      {};  ///< it may become an ordinary one; nullopt: that was not prepared
};

/// When events leave the log.
struct RetentionLimits {
  std::chrono::milliseconds retention{std::chrono::hours(24)};
  ByteSize max_retained{ByteSize::unlimited};
};

/// What is to be made of the partitions, in one step.
struct Arrangement {
  std::vector<EventId> removed;  ///< where those begin that go
  std::vector<EventId> sizes;    ///< of those that come behind the last, in ids; a tail follows them
  bool adopts_overflow = false;  ///< the DEFAULT partition becomes an ordinary one

  [[nodiscard]] bool changes_nothing() const { return removed.empty() && sizes.empty() && !adopts_overflow; }
};

/// Partitions are made when only the tail is left ahead, and empty ones go with that, or when there are
/// several of them: each step holds up writers for a moment. A partition is about a quarter of the log, and
/// not less than 256 MiB (or an eighth of the limit): so there are about ten whatever the log's size, because
/// every poll looks into each, and what is not prepared is planned for each in some 0.07 ms. Pure.
[[nodiscard]] Arrangement plan_arrangement(const LogLayout& layout, const RetentionLimits& limits);

/// The DEFAULT partition has begun to take events because no other does. Pure.
[[nodiscard]] bool has_overflowed(const LogLayout& layout);

/// The tail is written to, and there are partitions behind it to go on in. Pure.
[[nodiscard]] bool may_leave_tail(const LogLayout& layout);

struct TruncationCandidate {
  const LogPartition* partition = nullptr;  ///< of the layout
  bool is_excess = false;                   ///< the log is too large as long as it stays
};
/// Partitions that are full, the oldest first. Pure.
[[nodiscard]] std::vector<TruncationCandidate> truncation_candidates(const LogLayout& layout,
                                                                     const RetentionLimits& limits);

}  // namespace mailboat::producer
