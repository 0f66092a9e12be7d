#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <string>
#include <string_view>
#include <vector>

#include "consumer/target_plan.hpp"

namespace mailboat::consumer {

/// A table in the SQLite file, as far as a plan needs to know it.
struct TargetTable {
  struct Column {
    std::string name;
    std::string type;  ///< as declared
    bool not_null = false;
  };
  std::vector<Column> columns;  ///< those that can be written; none: there is no such table
  /// The columns of the primary key, and of each unique index that covers all rows.
  std::vector<std::vector<std::string>> unique_keys;

  [[nodiscard]] bool exists() const { return !columns.empty(); }
  /// The column of that name, in whatever case; nullptr when there is none.
  [[nodiscard]] const Column* find(std::string_view name) const;
};

/// Looks a table up; a view is none. Throws SQLite::Exception.
TargetTable read_target_table(SQLite::Database& database, const std::string& name);

/// True for a column that mailboat itself writes.
[[nodiscard]] bool is_own_column(std::string_view name);

/// What keeps the plan from writing to the table, with the remedy at its end; empty: nothing. It has to exist
/// and to have the plan's columns and mailboat's own, and what names a row has to be unique in it. Pure.
[[nodiscard]] std::string misfit(const TargetPlan& plan, const TargetTable& table);

}  // namespace mailboat::consumer
