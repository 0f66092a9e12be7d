// The tables that TargetSetup makes, alters and takes over.
#include <algorithm>

#include "consumer/load_sweep.hpp"
#include "consumer/route_expression.hpp"
#include "consumer/route_plan.hpp"
#include "consumer/storage_error.hpp"
#include "consumer/table_alteration.hpp"
#include "consumer/table_rebuild.hpp"
#include "consumer/table_schema.hpp"
#include "consumer/target_setup.hpp"
#include "consumer/target_sql.hpp"
#include "consumer/target_table.hpp"
#include "consumer/version_rules.hpp"

namespace mailboat::consumer {
namespace {

std::vector<std::string> columns_of(SQLite::Database& database, const std::string& table) {
  std::vector<std::string> names;
  SQLite::Statement column(database, "SELECT name FROM pragma_table_xinfo(?)");
  column.bind(1, table);
  while (column.executeStep()) names.push_back(column.getColumn(0).getString());
  return names;
}

// Tombstones and marks of rows name them by the key that they had.
void forget_keys(SQLite::Database& database, const std::string& table) {
  SQLite::Statement forget(database, "DELETE FROM _mailboat_tombstone WHERE table_name = ? AND key <> ?");
  forget.bind(1, table);
  forget.bind(2, std::string(whole_table));
  forget.exec();
  database.exec("DROP TABLE IF EXISTS " + quote(marks_of_load(table)));
}

// A column that the operator's table has, under a name that the source has given up.
void require_no_rename(const Route& route, const Relation& before, const Relation& after,
                       const TargetTable& table) {
  for (const auto& was : before.columns) {
    if (table.find(was.name) == nullptr) continue;
    for (const auto& is : after.columns) {
      if (is.number != was.number || is.name == was.name || table.find(is.name) != nullptr) continue;
      throw InvalidInput(place_of(route, "table") + ": column '" + was.name + "' of " + after.topic +
                         " is called '" + is.name + "' now. Run: ALTER TABLE " + quote(route.table) +
                         " RENAME COLUMN " + quote(was.name) + " TO " + quote(is.name));
    }
  }
}

}  // namespace

void TargetSetup::set_up_table(const Route& route, bool is_shared, const Relation* before,
                               const Relation* after) {
  if (route.is_managed()) {
    if (after == nullptr) {
      throw InvalidInput(place_of(route, "columns") +
                         ": is missing. What an application publishes has no "
                         "description to make a table from. List its columns "
                         "under [route.columns]");
    }
    return set_up_managed(route, before, *after);
  }
  require_own(route);
  require_free(route);
  if (!table_exists(route.table)) return make(route, is_shared, after);
  if (before != nullptr && after != nullptr && route.columns.empty()) {
    require_no_rename(route, *before, *after, read_target_table(database_, route.table));
  }
}

void TargetSetup::set_up_managed(const Route& route, const Relation* before, const Relation& after) {
  const auto* known = stored(route);
  const bool was_made = known != nullptr && known->is_managed;
  if (was_made && !table_exists(known->table) && !makes_dropped_again_) return;
  const bool is_ours = was_made && table_exists(known->table);
  if (!is_ours) {
    require_own(route);
    return make_managed(route, after);
  }
  if (known->table != route.table) take_name(*known, route);
  if (before != nullptr && *before == after) return;
  // Where it is not known what it was made for, it has the names that it has.
  const auto columns = columns_of(database_, route.table);
  auto was = before != nullptr ? *before : after;
  if (before == nullptr) {
    std::erase_if(was.columns, [&columns](const Column& column) {
      return std::none_of(columns.begin(), columns.end(), [&column](const std::string& name) {
        return lower_case(name) == lower_case(column.name);
      });
    });
  }
  for (const auto& statement : alter_table(was, after, route.table, columns)) database_.exec(statement);
  const bool is_same_shape =
      before != nullptr ? !needs_rebuild(*before, after) : has_shape(database_, after, route.table);
  if (is_same_shape) return;
  rebuild_table(database_, after, route.table);
  forget_keys(database_, route.table);
}

// Renamed with its source. The table that has the name is not ours, or another topic's.
void TargetSetup::take_name(const StoredTarget& target, const Route& route) {
  if (table_exists(route.table)) {
    throw InvalidInput("table " + route.topic + " was renamed, and its SQLite table '" + target.table +
                       "' cannot take the name '" + route.table +
                       "', which is taken already. Rename or drop what has it");
  }
  rename_table(database_, target.table, route.table);
  book_.remove(target);
}

void TargetSetup::make_managed(const Route& route, const Relation& relation) {
  if (table_exists(route.table)) {
    throw InvalidInput("SQLite table '" + route.table +
                       "' exists already and was not made for this topic. Rename or drop that table");
  }
  database_.exec(create_table(relation, route.table));
}

// Versions, tombstones and loads of one source mean nothing to another one.
void TargetSetup::require_own(const Route& route) {
  const auto owner = book_.other_owner(route.table);
  if (!owner) return;
  if (!route.is_managed()) {
    throw InvalidInput(place_of(route, "table") + ": SQLite table '" + route.table +
                       "' holds the rows of source '" + *owner + "'. Give the route another table");
  }
  throw TableTaken("topic " + route.topic + " of source '" + owner_.source + "' would become SQLite table '" +
                   route.table + "', which holds the rows of source '" + *owner + "'. Give the [[source]] '" +
                   owner_.source + "' a prefix of its own");
}

// What a load or a change of a managed table does to its rows would not spare the route's.
void TargetSetup::require_free(const Route& route) {
  for (const auto& other : stored_) {
    if (!other.is_managed || lower_case(other.table) != lower_case(route.table)) continue;
    if (other.topic == route.topic && other.route == route.name) continue;
    throw InvalidInput(place_of(route, "table") + ": SQLite table '" + route.table +
                       "' holds the rows of tracked table " + other.topic + ". Give the route another table");
  }
}

void TargetSetup::make(const Route& route, bool is_shared, const Relation* relation) {
  if (!route.create) return;  // plan_route() says that there is none
  if (route.create_statement.empty()) {
    database_.exec(create_route_table(route, relation, is_shared));
    return;
  }
  try {
    run_create_statement(database_, route.table, route.create_statement);
  } catch (const InvalidInput& error) {
    throw InvalidInput(place_of(route, "create") + ": " + error.what());
  } catch (const SQLite::Exception& error) {
    throw InvalidInput(place_of(route, "create") + ": SQLite says: " + error.what());
  }
  if (route.mode == Route::Mode::History) return;
  const auto table = read_target_table(database_, route.table);
  const auto add = [&](std::string_view column, const std::string& declaration) {
    if (table.find(column) != nullptr) return;
    database_.exec("ALTER TABLE " + quote(route.table) + " ADD COLUMN " + declaration);
  };
  add(version_column, "_version INTEGER NOT NULL DEFAULT 0");
  if (is_shared) add(route_column, "_route TEXT NOT NULL DEFAULT ''");
}

bool TargetSetup::table_exists(const std::string& name) {
  SQLite::Statement found(database_, "SELECT count(*) FROM sqlite_master WHERE name = ? COLLATE NOCASE");
  found.bind(1, name);
  found.executeStep();
  return found.getColumn(0).getInt() > 0;
}

}  // namespace mailboat::consumer
