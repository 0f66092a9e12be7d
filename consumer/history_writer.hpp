#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include "common/event.hpp"
#include "consumer/plan_statement.hpp"
#include "consumer/row_decoder.hpp"
#include "consumer/target_plan.hpp"

namespace mailboat::consumer {

/// Writes a row for each event to the table of a plan (of Mode::History). An event has one row, however often
/// it comes. Must not outlive the database. Throws as TargetWriter does.
class HistoryWriter {
 public:
  HistoryWriter(SQLite::Database& database, TargetPlan plan);

  [[nodiscard]] const TargetPlan& plan() const { return plan_; }
  /// Returns false when the event's row is there already, or the filter leaves it out. A column that the
  /// payload does not have (of a delete: all but the key) is NULL. `buffer_end`: see RowDecoder::decode();
  /// `decoded`: see TargetWriter::upsert().
  bool append(const Event& event, const char* buffer_end, std::span<const Value> decoded = {});

 private:
  std::span<const Value> values(const Event& event, const char* buffer_end, std::span<const Value> decoded);

  const TargetPlan plan_;
  RowDecoder row_;
  const std::vector<Value> nothing_;
  PlanStatement append_;
};

}  // namespace mailboat::consumer
