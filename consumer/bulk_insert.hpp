#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "consumer/plan_statement.hpp"
#include "consumer/target_plan.hpp"
#include "consumer/value_rows.hpp"

namespace mailboat::consumer {

/// Inserts many rows with one statement, which takes half the time: to start and to end a statement takes as
/// long as to write a row. Must not outlive the database, which has enable_value_rows().
///
/// It does only what is usual: rows of new keys that fit, in a table without triggers. At the first that is
/// not it stops, and leaves the rest to statements for single rows, which know what to do: nothing is refused
/// here.
class BulkInsert {
 public:
  [[nodiscard]] static bool fits(const TargetPlan& plan);
  /// Of a plan that fits.
  BulkInsert(SQLite::Database& database, const TargetPlan& plan);

  /// Returns how many of the first rows are inserted. Some of the others may be, too: they are the same when
  /// they are written again. Within a transaction. Throws SQLite::Exception for what is about the database as
  /// a whole.
  std::size_t insert(std::span<const ValueRow> rows);

 private:
  [[nodiscard]] bool has_key(const ValueRow& row) const;
  [[nodiscard]] bool has_triggers();

  SQLite::Database& database_;
  std::vector<std::size_t> key_;  // numbers of the source's columns
  PlanStatement insert_;
  PlanStatement schema_version_;
  SQLite::Statement triggers_;
  std::optional<std::int64_t> known_version_;  // of the schema that has_triggers_ was read from
  bool has_triggers_ = false;
};

}  // namespace mailboat::consumer
