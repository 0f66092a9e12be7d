#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <string>

#include "consumer/relation.hpp"

/// Changes of a table that is there which SQLite's ALTER TABLE has no words for, or that more hangs on than
/// the table. Within whatever transaction is open; no statement may be prepared that uses the table. Throw
/// SQLite::Exception.
namespace mailboat::consumer {

/// Makes the table anew as `relation` says, and copies its rows: SQLite, "ALTER TABLE", 7 "Making Other Kinds
/// Of Table Schema Changes". It has all of the relation's columns; those that it has beside them stay. So do
/// indexes and triggers; views and other tables' references are left alone. Rows whose key does not fit the
/// new one are left out: a load brings them. Throws InvalidInput where something cannot be carried over.
void rebuild_table(SQLite::Database& database, const Relation& relation, const std::string& table);

/// True when the table has the relation's columns with their SQLite types, and its key.
[[nodiscard]] bool has_shape(SQLite::Database& database, const Relation& relation, const std::string& table);

/// Renames the table with what is kept by its name: tombstones, and the marks of a load.
void rename_table(SQLite::Database& database, const std::string& from, const std::string& to);
/// Renames a table that its source has given up, so that another one can have its name. What refers to the
/// name, views and triggers of other tables, means the other one from then on. Returns the new name.
std::string set_aside(SQLite::Database& database, const std::string& table);

}  // namespace mailboat::consumer
