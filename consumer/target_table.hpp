#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <string>
#include <string_view>
#include <vector>

#include "consumer/relation.hpp"
#include "consumer/route.hpp"

namespace mailboat::consumer {

/// A table of the operator's in the SQLite file, as far as a route needs to know it.
struct TargetTable {
  struct Column {
    std::string name;
    std::string type;  ///< as declared
    bool not_null = false;
  };
  std::vector<Column> columns;  ///< those that can be written; none: there is no such table
  /// The columns of the primary key, and of each unique index that covers all rows.
  std::vector<std::vector<std::string>> unique_keys;

  /// The column of that name, in whatever case; nullptr when there is none.
  [[nodiscard]] const Column* find(std::string_view name) const;
};

/// Looks a table up; a view is none. Throws SQLite::Exception.
TargetTable read_target_table(SQLite::Database& database, const std::string& name);

/// Throws ConfigurationError, with the remedy, unless the route can write to the table: it exists, it has the
/// route's columns and a `_version INTEGER NOT NULL`, and the route's key is unique in it. Pure.
void require_routable(const Route& route, const TargetTable& table);

/// The target as a TableWriter takes it: columns named as the table names them, their values as the payload's
/// JSON says. The route must be one that require_routable() has accepted. Pure.
Relation relation_of(const Route& route, const TargetTable& table);

}  // namespace mailboat::consumer
