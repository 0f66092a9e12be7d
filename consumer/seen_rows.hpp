#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "consumer/relation.hpp"
#include "consumer/row_decoder.hpp"

namespace mailboat::consumer {

/// Which rows of one table a verification has met: those that the source has shown, and those that events
/// have written since it began. What is there at the end and was never met is not in the source.
///
/// The keys stand in a temporary table: verifying writes nothing to the replica's file, and memory stays
/// flat. It goes with the connection, so a verification begins anew when the file is opened again. Works
/// within whatever transaction is open, and is rolled back with it. Throws SQLite::Exception.
class SeenRows {
 public:
  explicit SeenRows(SQLite::Database& database) : database_(database) {}

  /// Forgets whatever was there and begins with a table that has this key.
  void begin(const Relation& relation);
  /// The row with this key, if the table has it.
  void mark(const Relation& relation, const std::string& table, const std::vector<Value>& key);
  /// Calls `use` with the key of each row that was not met.
  void for_each_other(const Relation& relation, const std::string& table,
                      const std::function<void(const std::vector<Value>& key)>& use);
  /// Deletes the rows that were not met.
  void delete_others(const Relation& relation, const std::string& table);
  /// Gives up prepared statements: before the table is altered, or a rollback.
  void release_statements() { mark_.reset(); }

 private:
  SQLite::Database& database_;
  std::unique_ptr<SQLite::Statement> mark_;
};

}  // namespace mailboat::consumer
