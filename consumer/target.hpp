#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "consumer/bulk_insert.hpp"
#include "consumer/columns_in_force.hpp"
#include "consumer/history_writer.hpp"
#include "consumer/relation.hpp"
#include "consumer/row_comparison.hpp"
#include "consumer/target_plan.hpp"
#include "consumer/target_writer.hpp"

namespace mailboat::consumer {

/// A table that a topic's events go to, with whatever is prepared for it: made at the first use, given up
/// with release_statements(). Must not outlive the database.
class Target {
 public:
  Target(SQLite::Database& database, TargetPlan plan, std::string paused)
      : database_(&database),
        plan_(std::move(plan)),
        columns_(std::make_shared<const std::vector<Column>>(plan_.source)),
        takes_bulk_inserts_(BulkInsert::fits(plan_)),
        paused_(std::move(paused)) {}

  [[nodiscard]] const TargetPlan& plan() const { return plan_; }
  [[nodiscard]] bool has_rows_of_source() const { return plan_.mode == TargetPlan::Mode::Rows; }
  /// What rows are decoded into: the plan's source.
  [[nodiscard]] const SharedColumns& columns() const { return columns_; }
  /// See TargetWriter::insert().
  [[nodiscard]] bool takes_bulk_inserts() const { return takes_bulk_inserts_; }
  /// Why nothing is written; empty: it is.
  [[nodiscard]] const std::string& paused() const { return paused_; }

  TargetWriter& writer();
  /// Reads payloads that were written under an older description; nullptr: the present one.
  TargetWriter& writer_for(const Relation* written_as);
  RowComparison& comparison();
  HistoryWriter& history();

  /// Takes out the row that an upsert is about, so that it can be written anew. False when that would lose
  /// something: the table has columns that the event does not fill.
  [[nodiscard]] bool can_displace();

  void release_statements();

 private:
  SQLite::Database* database_;
  TargetPlan plan_;
  SharedColumns columns_;
  bool takes_bulk_inserts_;
  std::string paused_;
  std::unique_ptr<TargetWriter> writer_;
  std::unique_ptr<TargetWriter> old_writer_;
  std::unique_ptr<RowComparison> comparison_;
  std::unique_ptr<HistoryWriter> history_;
};

}  // namespace mailboat::consumer
