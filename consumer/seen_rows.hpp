#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "consumer/row_decoder.hpp"
#include "consumer/target_plan.hpp"

namespace mailboat::consumer {

/// Which rows of a topic's targets a verification has met: those that the source has shown, and those that
/// events have written since it began. What is there at the end and was never met is not in the source.
///
/// The keys stand in temporary tables, one for each target by its number: verifying writes nothing to the
/// replica's file, and memory stays flat. They go with the connection, so a verification begins anew when the
/// file is opened again. Works within whatever transaction is open, and is rolled back with it. Throws
/// SQLite::Exception.
class SeenRows {
 public:
  explicit SeenRows(SQLite::Database& database) : database_(database) {}

  /// Forgets whatever was there for this target and begins with its table.
  void begin(std::size_t target, const TargetPlan& plan);
  /// The row with this key, if the table has it.
  void mark(std::size_t target, const TargetPlan& plan, const std::vector<Value>& key);
  /// Calls `use` with the key of each row that was not met.
  void for_each_other(std::size_t target, const TargetPlan& plan,
                      const std::function<void(const std::vector<Value>& key)>& use);
  /// Deletes the rows that were not met.
  void delete_others(std::size_t target, const TargetPlan& plan);
  /// Gives up prepared statements: before the table is altered, or a rollback.
  void release_statements() { mark_.clear(); }

 private:
  SQLite::Database& database_;
  std::map<std::size_t, SQLite::Statement> mark_;
};

}  // namespace mailboat::consumer
