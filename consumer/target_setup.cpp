#include "consumer/target_setup.hpp"

#include <SQLiteCpp/Savepoint.h>
#include <algorithm>

#include "common/log.hpp"
#include "consumer/attempt.hpp"
#include "consumer/route_plan.hpp"
#include "consumer/table_rebuild.hpp"
#include "consumer/table_schema.hpp"
#include "consumer/target_sql.hpp"

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
    was_there = table_exists(known != nullptr ? known->table : route.table) || !makes_dropped_again_;
    set_up_table(route, is_shared, was_paused ? nullptr : before, after);
    const bool is_mirror = after != nullptr && route.is_managed() && route.where.empty();
    plan = is_mirror ? mirror(*after, route.table) : plan_route(database_, route, after, is_shared);
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
