#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/event.hpp"
#include "consumer/bulk_insert.hpp"
#include "consumer/plan_statement.hpp"
#include "consumer/row_decoder.hpp"
#include "consumer/target_plan.hpp"

namespace mailboat::consumer {

/// Writes events and loaded rows to the table of a plan (of Mode::Rows), with statements prepared once. Make
/// a new one when the plan changes. Must not outlive the database. Throws InvalidInput for a payload that
/// does not fit the plan, SQLite::Exception for what SQLite refuses.
///
/// `buffer_end`: see RowDecoder::decode().
class TargetWriter {
 public:
  TargetWriter(SQLite::Database& database, TargetPlan plan);

  [[nodiscard]] const TargetPlan& plan() const { return plan_; }

  /// Writes the row; or, where the filter is not true for it, deletes it. Returns whether it was written.
  /// `decoded`: the payload's values for plan().source; none: they are decoded here.
  bool upsert(const Event& event, const char* buffer_end, std::span<const Value> decoded = {});
  /// A delete leaves a tombstone, so that an older event, sent again later, cannot bring the row back.
  void remove(const Event& event, const char* buffer_end);
  /// Deletes every row and leaves a tombstone for the whole table.
  void truncate(EventId version);
  /// As truncate(), but only what was there then: rows of events up to `version`, and of load chunks up to
  /// `last_chunk`.
  void truncate_again(EventId version, std::int64_t last_chunk);
  /// Inserts rows whose values are those of plan().source, as many as BulkInsert can, and returns how many:
  /// the rest is for upsert() or load(). Only where BulkInsert fits the plan.
  std::size_t insert(std::span<const ValueRow> rows);
  /// A row as it stands in the source at the snapshot of load chunk number `chunk`: it replaces whatever is
  /// there, and its `_version` is the chunk's number, negated.
  void load(std::int64_t chunk, std::string_view json, const char* buffer_end);
  /// The same for many rows.
  void load(std::int64_t chunk, const TextColumn& rows);
  /// Takes a row away, whatever its version, and leaves no tombstone: it is about to be written anew.
  void displace(const std::vector<Value>& key);

  /// The key's values in a payload, valid until the next call of anything. Throws InvalidInput when one is
  /// missing.
  const std::vector<Value>& key_of(std::string_view json, const char* buffer_end);
  /// Whether a row of the source has a row in the table.
  bool takes(std::string_view json, const char* buffer_end);

 private:
  void load_many(std::int64_t chunk, std::span<const std::string_view> rows, const char* buffer_end);
  bool write(PlanStatement& statement, std::int64_t version, std::string_view json, const char* buffer_end,
             std::span<const Value> decoded);
  const std::vector<Value>& compute_key(std::span<const Value> row);
  bool remove_unless_newer(std::int64_t version, const std::vector<Value>& key);
  bool takes_decoded(std::span<const Value> row);
  void require_key(std::span<const Value> row) const;
  void require_own_row(std::string_view json, const char* buffer_end);
  void bury(const std::string& key, EventId version);

  SQLite::Database& database_;
  const TargetPlan plan_;
  const std::string graves_;  // what tombstones are filed under
  RowDecoder row_;
  // Where each column of the key is a column of the source: their numbers, and what reads only them.
  // Otherwise what computes the key.
  std::vector<std::size_t> key_sources_;
  std::optional<RowDecoder> key_;
  std::optional<PlanStatement> computed_key_;
  std::vector<Value> loaded_values_;
  TextArena loaded_texts_;
  std::vector<Value> key_values_;
  TextArena key_texts_;
  PlanStatement upsert_;
  PlanStatement load_;
  std::optional<BulkInsert> insert_;  // once it is used
  SQLite::Statement delete_;
  SQLite::Statement truncate_;
  SQLite::Statement bury_;
  std::optional<PlanStatement> filter_;
};

/// Throws InvalidInput for an event that was captured without its content.
void require_payload(const std::string& topic, std::string_view json);

/// The name under which tombstones of a plan's rows are filed.
[[nodiscard]] std::string graves_of(const TargetPlan& plan);

}  // namespace mailboat::consumer
