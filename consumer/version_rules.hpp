#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/event.hpp"
#include "common/snapshot.hpp"
#include "consumer/bookkeeping.hpp"
#include "consumer/row_decoder.hpp"
#include "consumer/target_plan.hpp"

namespace mailboat::consumer {

/// The tombstone of a whole table: no key has an empty text.
inline const std::string whole_table;

/// True when what carries `version` is newer than the event. A positive version is the id of the event that
/// wrote it; a negative one is the number of the load chunk that did, negated, which knows all that
/// `snapshot_of(chunk)` covers. Pure but for `snapshot_of`.
[[nodiscard]] bool is_newer(std::int64_t version, const Event& event,
                            const std::function<Snapshot(std::int64_t chunk)>& snapshot_of);

/// Tells whether an event that comes again, outside of its window, has been overtaken by what the replica
/// has. The main stream needs none of this: each of its events is newer than all that is there.
///
/// Why these rules are enough: events of one key are captured in the order of their ids, and reach us in that
/// order. So whatever newer event of the key has been applied stands in the row's `_version` or, where the
/// row is gone, in a tombstone of its key or of the whole table. What a load has put right stands in no
/// event; but a row that it wrote is exact at its chunk's snapshot, and a row that it did not find was gone
/// at a snapshot not before that of the load's first chunk. An event which that first snapshot covers is
/// therefore part of what the load has brought or will bring. So is any event while the first chunk is still
/// to come, since that will be read after the window in which the event was refused.
class VersionRules {
 public:
  VersionRules(SQLite::Database& database, Bookkeeping& bookkeeping)
      : database_(database), bookkeeping_(bookkeeping) {}

  /// By what happened to the whole table: a load, or a truncate. Of any event, also one without a payload.
  [[nodiscard]] bool table_overtaken(const TargetPlan& plan, const Event& event);
  /// By what happened to the row with this key.
  [[nodiscard]] bool row_overtaken(const TargetPlan& plan, const Event& event, const std::vector<Value>& key);
  /// The event is the delete that has taken the row with this key away, and no row is there.
  [[nodiscard]] bool already_deleted(const TargetPlan& plan, const Event& event,
                                     const std::vector<Value>& key);

 private:
  std::optional<std::int64_t> row_version(const TargetPlan& plan, const std::vector<Value>& key);
  std::optional<std::int64_t> tombstone(const TargetPlan& plan, const std::string& key);
  bool is_newer_here(std::optional<std::int64_t> version, const Event& event);

  SQLite::Database& database_;
  Bookkeeping& bookkeeping_;
};

}  // namespace mailboat::consumer
