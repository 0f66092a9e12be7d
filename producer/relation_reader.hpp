#pragma once

#include <string>
#include <vector>

#include "common/event.hpp"
#include "common/snapshot.hpp"
#include "postgres/connection.hpp"
#include "producer/subscription.hpp"
#include "producer/table_change.hpp"
#include "producer/taken_topics.hpp"

/// What the tables look like to a subscription, as of some snapshot: descriptions are kept when their events
/// leave the log. All read as of the connection's snapshot, and throw ConnectionLost.
namespace mailboat::producer {

/// The latest description of each table as of `snapshot`, under the name that it had then, as R events with
/// the payload of that time. A table that had been dropped, or was no longer tracked, has none; with
/// `still_tracked`, nor has one that is not tracked now.
[[nodiscard]] EventBatch relations_at(postgres::Connection& connection, const Subscription& subscription,
                                      const TakenTopics& taken, const Snapshot& snapshot, bool still_tracked);

/// All descriptions that `snapshot` does not see, in the order of the log.
struct RelationsSince {
  EventBatch events;
  std::vector<TableChange> changes;
};
[[nodiscard]] RelationsSince relations_since(postgres::Connection& connection,
                                             const Subscription& subscription, const TakenTopics& taken,
                                             const Snapshot& snapshot);

/// The changes that `snapshot` sees and that matter for events which are older: see KnownChanges. With
/// `unlocked_only`, those that locked no table.
[[nodiscard]] KnownChanges changes_before(postgres::Connection& connection, const Snapshot& snapshot,
                                          bool unlocked_only);

/// Tracked tables that are taken, in a fixed order.
[[nodiscard]] std::vector<std::string> tracked_topics(postgres::Connection& connection,
                                                      const TakenTopics& taken);
/// Those of them of which the subscription takes more than it did when a replica was at `cursor`.
[[nodiscard]] std::vector<std::string> topics_widened_since(postgres::Connection& connection,
                                                            const Subscription& subscription,
                                                            const TakenTopics& taken, const Snapshot& cursor);

}  // namespace mailboat::producer
