#pragma once

#include <optional>
#include <string>

#include "common/messages.hpp"
#include "producer/source.hpp"
#include "producer/subscription.hpp"

namespace mailboat::producer {

/// Where a session begins.
struct ResumePoint {
  std::optional<Snapshot> cursor;  ///< what the replica has; none for a new one
  Snapshot read_from;              ///< the first window holds the events beyond it
  /// Every tracked table is loaded, in place where the replica has it, so that the first window holds events
  /// of applications only.
  bool loads_tables = false;
  /// The ids that the replica knows are those of another history: see Welcome. It forgets them with the first
  /// window.
  bool new_history = false;
  EventId shared_events = 0;
  std::string why_reloaded = {};  ///< in words; empty when it simply goes on, or begins
};

/// Decides how a replica goes on with this source. A source that was promoted is answered with a reload in
/// place, unless failover is trusted (then replication was synchronous, and the cursor holds on). Throws
/// SessionRefused for a cursor of another source or of a later state of this one, which may be somebody's
/// mistake, until the operator has asked for a reload that resets the cursor; and for a replica that cannot
/// be rebuilt and has come back empty. Pure.
///
/// Where events are read from in a new history: from what both the subscription's row and the cursor cover.
/// The row was written to this source's own log after everything that its snapshot covers, so whatever state
/// the source was put back to or promoted at, it has both or neither, and ids of covered transactions were
/// not handed out again. The cursor counts as well because the file may be an older copy.
ResumePoint resume_point(const Subscription& subscription, const std::optional<Cursor>& cursor,
                         const SourceState& source, bool trust_failover);

}  // namespace mailboat::producer
