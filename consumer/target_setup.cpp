#include "consumer/target_setup.hpp"

#include <SQLiteCpp/Savepoint.h>
#include <algorithm>

#include "common/log.hpp"
#include "consumer/attempt.hpp"
#include "consumer/load_sweep.hpp"
#include "consumer/route_expression.hpp"
#include "consumer/route_plan.hpp"
#include "consumer/storage_error.hpp"
#include "consumer/table_alteration.hpp"
#include "consumer/table_rebuild.hpp"
#include "consumer/table_schema.hpp"
#include "consumer/target_sql.hpp"
#include "consumer/target_table.hpp"
#include "consumer/version_rules.hpp"

namespace mailboat::consumer {
namespace {

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// The route for one topic that it applies to: with its own topic, and its table's name written out.
Route written_out(Route route, const std::string& topic, const Relation* relation,
                  const std::string& prefix) {
  route.topic = topic;
  if (route.mode == Route::Mode::History || relation == nullptr) return route;
  if (route.table.empty()) {
    route.table = table_name(*relation, prefix);
  } else if (route.is_managed()) {
    route.table = replaced(replaced(route.table, "{schema}", relation->schema), "{table}", relation->table);
  }
  return route;
}

Route automatic_route(const Relation& relation, const std::string& prefix) {
  Route route;
  route.topic = relation.topic;
  route.table = table_name(relation, prefix);
  route.create = true;
  return route;
}

// What a managed table's columns are computed with is no news: they are altered with the source's.
std::string definition_of(const Route& route, const TargetPlan& plan) {
  if (plan.mode == TargetPlan::Mode::History) return "";
  return route.is_managed() ? plan.filter : upsert(plan, VersionGuard::On);
}

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

std::vector<Route> TargetSetup::wanted(const std::string& topic, const Relation* relation) const {
  std::vector<Route> result;
  for (const auto& route : routes_of(routes_, topic)) {
    // A default route that makes tables needs a description to make them from.
    if (relation == nullptr && route.is_default() && route.is_managed()) continue;
    result.push_back(written_out(route, topic, relation, owner_.prefix));
  }
  if (result.empty() && relation != nullptr) result.push_back(automatic_route(*relation, owner_.prefix));
  return result;
}

// A table that mailboat has made is known by whose it is: its name may be another one, when its source was
// renamed.
const StoredTarget* TargetSetup::stored(const Route& route) const {
  const StoredTarget* managed = nullptr;
  for (const auto& target : stored_) {
    if (target.topic != route.topic || target.route != route.name) continue;
    if (lower_case(target.table) == lower_case(route.table)) return &target;
    if (target.is_managed && route.is_managed()) managed = &target;
  }
  return managed;
}

// The route that a target belongs to but for the topic.
const Route* TargetSetup::route_under_former_name(const StoredTarget& target) const {
  const auto found = std::find_if(routes_.begin(), routes_.end(), [&target](const Route& route) {
    return !route.skip && !route.is_default() && route.topic != target.topic && route.name == target.route &&
           lower_case(route.table) == lower_case(target.table);
  });
  return found == routes_.end() ? nullptr : &*found;
}

TargetSetup::Result TargetSetup::set_up(const std::string& topic, const Relation* before,
                                        const Relation* after, Misfits misfits) {
  stored_ = book_.all();
  Result result;
  const auto routes = wanted(topic, after);
  if (routes.empty()) {
    throw InvalidInput("there is no table for topic '" + topic +
                       "': give the consumer a [[route]] for it, or subscribe with --topics to leave it out");
  }
  if (after != nullptr && routes_of(routes_, topic).empty()) {
    pause_renamed(topic, *after, result);
    if (!result.targets.empty()) return result;
  }
  for (const auto& route : routes) {
    if (route.skip) {
      result.is_skipped = true;
    } else {
      set_up_one(route, before, after, misfits, result);
    }
  }
  return result;
}

// A route names the topic that its table had; the rows that it kept must not come whole now, into a table of
// their own. What goes to a history would be lost meanwhile.
void TargetSetup::pause_renamed(const std::string& topic, const Relation& relation, Result& result) {
  for (const auto& known : stored_) {
    if (known.topic != topic) continue;
    const auto* route = route_under_former_name(known);
    if (route == nullptr) continue;
    auto target = known;
    target.paused = place_of(*route, "topic") + ": its table is called " + relation.topic +
                    " now. Write topic = \"" + relation.topic + "\" and name = \"" + route->name +
                    "\" there, or leave the table out with a [[route]] that has skip = true, and start the "
                    "consumer again";
    if (route->mode == Route::Mode::History) throw InvalidInput(target.paused);
    book_.store(target);
    result.targets.emplace_back(database_,
                                TargetPlan{TargetPlan::Mode::Rows, topic, target.table, "", {}, {}, "", {}},
                                target.paused);
  }
}

// One route's misfit must not touch what others do.
void TargetSetup::set_up_one(const Route& asked, const Relation* before, const Relation* after,
                             Misfits misfits, Result& result) {
  auto route = asked;
  const auto* known = stored(route);
  if (known != nullptr && lower_case(known->table) == lower_case(route.table)) route.table = known->table;
  const bool was_paused = known != nullptr && !known->paused.empty();
  TargetPlan plan;
  bool was_there = true;
  auto reason = attempt(database_, [&] {
    SQLite::Savepoint savepoint(database_, "target");  // rolled back unless released
    const bool is_shared = shares_table(routes_, route);
    was_there = table_exists(known != nullptr ? known->table : route.table);
    set_up_table(route, is_shared, was_paused ? nullptr : before, after);
    plan = route.is_managed() && route.where.empty() ? mirror(*after, route.table)
                                                     : plan_route(database_, route, after, is_shared);
    savepoint.release();
  });
  StoredTarget target{route.topic, route.table, route.name, route.is_managed(), "", ""};
  if (reason) {
    const bool is_by_operator = route.place.number > 0;
    if (misfits == Misfits::AreRefused && is_by_operator && !was_paused) {
      throw ConfigurationError(reason->reason);
    }
    // What goes to a history can only be told from the event; nothing would bring it later.
    if (after == nullptr || route.mode == Route::Mode::History) throw InvalidInput(reason->reason);
    if (known != nullptr) target.table = known->table;
    plan = {TargetPlan::Mode::Rows, route.topic, target.table, "", {}, {}, "", {}};
    target.paused = reason->reason;
    target.is_managed = known != nullptr && known->is_managed;  // the table in the way is not ours
    if (known != nullptr) target.definition = known->definition;
  } else {
    target.definition = definition_of(route, plan);
    const bool is_news = known == nullptr || known->definition != target.definition;
    const bool lacks_rows = was_paused || (known != nullptr && !was_there);
    if (plan.mode == TargetPlan::Mode::Rows && after != nullptr) {
      result.needs_load = result.needs_load || is_news;
      result.lacks_rows = result.lacks_rows || lacks_rows;
    }
  }
  book_.store(target);
  result.targets.emplace_back(database_, std::move(plan), target.paused);
}

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
  const bool is_ours = known != nullptr && known->is_managed && table_exists(known->table);
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

void TargetSetup::forget_unrouted() {
  for (const auto& target : book_.all()) {
    const auto routes = routes_of(routes_, target.topic);
    // Without a route a topic has its automatic table, and a default route's tables are named when they are
    // made.
    const bool is_automatic = target.route.empty() && routes.empty();
    const bool is_routed = std::any_of(routes.begin(), routes.end(), [&target](const Route& route) {
      if (route.skip || route.name != target.route) return false;
      return route.table.empty() || route.table.find('{') != std::string::npos ||
             lower_case(route.table) == lower_case(target.table);
    });
    const bool was_renamed = !target.paused.empty() && route_under_former_name(target) != nullptr;
    if (!is_automatic && !is_routed && !was_renamed) book_.remove(target);
  }
}

void TargetSetup::rename_topic(const std::string& from, const std::string& to) {
  for (auto target : book_.all()) {
    if (target.topic != to) continue;
    const bool is_routed = std::any_of(routes_.begin(), routes_.end(), [&target](const Route& route) {
      return route.topic == target.topic && route.name == target.route;
    });
    if (is_routed) {  // by the topic, whichever table has it
      target.definition = "of another table";
      book_.store(target);
      continue;
    }
    if (target.is_managed && table_exists(target.table)) {
      const auto name = set_aside(database_, target.table);
      log::warn("a SQLite table is called otherwise from now on: another table at the source has its name",
                {{"topic", to}, {"table", target.table}, {"now", name}});
    }
    book_.remove(target);
  }
  book_.rename_topic(from, to);
}

void TargetSetup::forget_topic(const std::string& topic) {
  for (const auto& target : book_.all()) {
    if (target.topic == topic) book_.remove(target);
  }
}

bool TargetSetup::has_table(const std::string& topic) {
  const auto targets = book_.all();
  return std::any_of(targets.begin(), targets.end(), [&](const StoredTarget& target) {
    return target.topic == topic && table_exists(target.table);
  });
}

void TargetSetup::check_routes() {
  stored_ = book_.all();
  for (const auto& route : routes_) {
    if (route.skip || route.is_default()) continue;
    try {
      check_route_alone(database_, route);
      if (route.is_managed()) continue;
      require_own(route);
      require_free(route);
      if (!table_exists(route.table)) {
        if (route.create) continue;
        throw InvalidInput(place_of(route, "table") + ": there is no SQLite table '" + route.table +
                           "'. Create it, or have it made: create = true");
      }
      // Without a key it takes that of the source, which is not known here.
      if (route.mode == Route::Mode::Rows && route.key.empty()) continue;
      plan_route(database_, route, nullptr, shares_table(routes_, route));
    } catch (const InvalidInput& error) {
      throw ConfigurationError(error.what());
    }
  }
}

}  // namespace mailboat::consumer
