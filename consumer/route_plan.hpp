#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include "consumer/relation.hpp"
#include "consumer/route.hpp"
#include "consumer/target_plan.hpp"

namespace mailboat::consumer {

/// Compiles a route into a plan, by what SQLite says of its expressions and what the file has for a table.
///
/// `relation`: the description of the topic's table; nullptr for a topic of an application. `is_shared`: see
/// shares_table(). Throws InvalidInput for the first thing that does not fit: file, line, route, key, what is
/// wrong and what to do. Changes nothing.
TargetPlan plan_route(SQLite::Database& database, const Route& route, const Relation* relation,
                      bool is_shared);

/// Checks what can be known of a route before its topic is: its expressions by themselves. Throws as
/// plan_route() does.
void check_route_alone(SQLite::Database& database, const Route& route);

/// The statement that makes the route's table. Types of columns that are computed are left open. Pure; throws
/// as plan_route() does when there is nothing to make it from.
[[nodiscard]] std::string create_route_table(const Route& route, const Relation* relation, bool is_shared);

}  // namespace mailboat::consumer
