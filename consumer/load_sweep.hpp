#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <string>
#include <vector>

#include "common/event.hpp"
#include "consumer/row_decoder.hpp"
#include "consumer/target_plan.hpp"

namespace mailboat::consumer {

/// Where LoadSweep marks rows of a table, by its graves_of().
[[nodiscard]] std::string marks_of_load(const std::string& graves);

/// Takes away, when a table's load ends, the rows that are no longer in the source: those that neither a
/// chunk of the load nor an event since its beginning has written. Throws SQLite::Exception.
///
/// Nearly always `_version` tells: such a row's is that of an older event or an older chunk. The exception is
/// a transaction that took its event id before the load began and committed after it. Its rows are marked in
/// a table of their own, since their `_version` has to stay the event's id: retries are judged by it.
class LoadSweep {
 public:
  LoadSweep(SQLite::Database& database, const TargetPlan& plan);

  /// Forgets the marks of a load before.
  void begin();
  /// The row with this key has been written by an event older than the load.
  void mark(const std::vector<Value>& key);
  /// `first_chunk`: of the load; `since`: the first event id that counts as later than its beginning.
  void sweep(std::int64_t first_chunk, EventId since);

 private:
  [[nodiscard]] bool has_marks();

  SQLite::Database& database_;
  const TargetPlan& plan_;
  const std::string marks_;
};

}  // namespace mailboat::consumer
