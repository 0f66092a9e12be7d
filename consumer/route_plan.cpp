#include "consumer/route_plan.hpp"

#include <algorithm>
#include <set>

#include "common/error.hpp"
#include "consumer/column_form.hpp"
#include "consumer/route_expression.hpp"
#include "consumer/table_schema.hpp"
#include "consumer/target_sql.hpp"
#include "consumer/target_table.hpp"

namespace mailboat::consumer {
namespace {

using Names = std::vector<std::string>;

[[noreturn]] void refuse(const Route& route, const std::string& key, const std::string& sentence) {
  throw InvalidInput(place_of(route, key) + ": " + sentence);
}

[[noreturn]] void refuse_without_key(const Route& route) {
  refuse(route, "key", "is missing. List the columns that name a row, for example: key = [\"user_id\"]");
}

[[noreturn]] void refuse_without_column_of_key(const Route& route, const Relation& relation,
                                               const std::string& name) {
  refuse(route, "key",
         "no column is filled with ':" + name + "' alone, which is in the key of " + relation.topic +
             ". Add such a column, or list the key's columns, for example: key = [\"user_id\"]");
}

ExpressionRights rights_of(const Route& route) {
  return {route.allow_subqueries, route.mode == Route::Mode::History};
}

Names parameters_of(SQLite::Database& database, const Route& route, const std::string& key,
                    const std::string& expression) {
  try {
    return check_expression(database, expression, rights_of(route));
  } catch (const InvalidInput& error) {
    refuse(route, key, "'" + expression + "': " + error.what());
  }
}

bool is_event_parameter(std::string_view name) {
  return name == "_event_id" || name == "_op" || name == "_time" || name == "_topic" || name == "_payload";
}

/// Makes one plan.
class Planner {
 public:
  Planner(SQLite::Database& database, const Route& route, const Relation* relation)
      : database_(database),
        route_(route),
        relation_(relation),
        table_(read_target_table(database, route.table)) {
    plan_.mode = route.mode == Route::Mode::History ? TargetPlan::Mode::History : TargetPlan::Mode::Rows;
    plan_.topic = relation != nullptr ? relation->topic : route.topic;
    plan_.table = route.table;
  }

  TargetPlan plan(bool is_shared) {
    const bool tells_routes = is_shared || table_.find(route_column) != nullptr;
    if (tells_routes && plan_.mode == TargetPlan::Mode::Rows) plan_.route = route_.name;
    if (route_.columns.empty()) {
      take_columns_of_same_name();
    } else {
      for (const auto& column : route_.columns) add(column);
    }
    if (!route_.where.empty()) {
      use(parameters_of(database_, route_, "where", route_.where), "where");
      plan_.filter = route_.where;
    }
    if (plan_.mode == TargetPlan::Mode::Rows) set_key();
    if (const auto sentence = misfit(plan_, table_); !sentence.empty()) refuse(route_, "table", sentence);
    return std::move(plan_);
  }

 private:
  void add(const RouteColumn& column) {
    const auto key = "columns." + column.name;
    use(parameters_of(database_, route_, key, column.expression), key);
    const auto* found = table_.find(column.name);
    plan_.columns.push_back({found != nullptr ? found->name : column.name, column.expression});
  }

  // Each parameter is a column of the source; what an application publishes has whatever is asked for.
  void use(const Names& parameters, const std::string& key) {
    for (const auto& name : parameters) {
      if (is_event_parameter(name)) {
        if (plan_.mode == TargetPlan::Mode::History) continue;
        refuse(route_, key,
               "':" + name +
                   "' is there with mode = \"append\" only: it tells of one event, and a "
                   "row may come from a load");
      }
      if (has_source(name)) continue;
      plan_.source.push_back(relation_ != nullptr ? column_of_relation(name, key) : Column(name));
    }
  }

  [[nodiscard]] bool has_source(const std::string& name) const {
    return std::any_of(plan_.source.begin(), plan_.source.end(),
                       [&name](const Column& column) { return column.name == name; });
  }

  [[nodiscard]] Column column_of_relation(const std::string& name, const std::string& key) const {
    Names names;
    for (const auto& column : relation_->columns) {
      if (column.name == name) return column;
      names.push_back(column.name);
    }
    refuse(route_, key,
           relation_->topic + " has no column '" + name + "' (it has: " + joined(names, ", ") + ")");
  }

  void take_columns_of_same_name() {
    if (relation_ == nullptr) {
      for (const auto& column : table_.columns) {
        if (!is_own_column(column.name)) take(column.name, Column(column.name));
      }
      return;
    }
    for (const auto& column : relation_->columns) {
      if (const auto* found = table_.find(column.name)) take(found->name, column);
    }
  }

  void take(const std::string& name, const Column& column) {
    plan_.columns.push_back({name, numbered_parameter(plan_.source.size())});
    plan_.source.push_back(column);
  }

  void set_key() {
    if (route_.key.empty()) return set_key_of_source();
    for (const auto& name : route_.key) {
      const auto* found = table_.find(name);
      const auto& spelled = found != nullptr ? found->name : name;
      require_column(spelled);
      plan_.key.push_back(spelled);
    }
    if (relation_ != nullptr) require_key_of_source();
  }

  void require_column(const std::string& name) const {
    const auto is_named = [&name](const TargetColumn& column) { return column.name == name; };
    if (std::any_of(plan_.columns.begin(), plan_.columns.end(), is_named)) return;
    refuse(route_, "key",
           "column '" + name + "' of SQLite table '" + plan_.table +
               "' is not filled by the route. Add it to [route.columns], or correct the key");
  }

  // A delete tells the source's key and nothing else; and two rows of the source must not be one in the
  // table.
  void require_key_of_source() const {
    std::set<std::string> missing(relation_->key.begin(), relation_->key.end());
    for (const auto& name : plan_.key) {
      for (const auto& used : sources_of(expression_of(plan_, name))) {
        missing.erase(used);
        if (relation_->is_key(used)) continue;
        refuse(route_, "key",
               "'" + name + "' is computed from '" + used + "', which is not in the key (" +
                   joined(relation_->key, ", ") + ") of " + relation_->topic +
                   ": where a row is deleted, only its key is known");
      }
    }
    if (missing.empty()) return;
    refuse(route_, "key",
           "rows of " + relation_->topic + " are told apart by (" + joined(relation_->key, ", ") +
               "), but '" + *missing.begin() +
               "' does not stand in the route's key: two of them could be one row");
  }

  [[nodiscard]] Names sources_of(const std::string& expression) const {
    if (const auto plain = plan_.plain_source(expression)) return {plan_.source[*plain].name};
    return check_expression(database_, expression, rights_of(route_));
  }

  void set_key_of_source() {
    if (relation_ == nullptr) refuse_without_key(route_);
    for (const auto& name : relation_->key) {
      const auto holds_it = [&](const TargetColumn& column) {
        const auto plain = plan_.plain_source(column.expression);
        return plain && plan_.source[*plain].name == name;
      };
      const auto found = std::find_if(plan_.columns.begin(), plan_.columns.end(), holds_it);
      if (found == plan_.columns.end()) refuse_without_column_of_key(route_, *relation_, name);
      plan_.key.push_back(found->name);
    }
  }

  SQLite::Database& database_;
  const Route& route_;
  const Relation* const relation_;
  const TargetTable table_;
  TargetPlan plan_;
};

// What only whole statements show: an aggregate, a row value, an expression that ON CONFLICT cannot bear.
void compile_statements(SQLite::Database& database, const Route& route, const TargetPlan& plan) {
  try {
    if (plan.mode == TargetPlan::Mode::History) {
      const SQLite::Statement statement(database, append(plan));
      return;
    }
    const SQLite::Statement statement(database, upsert(plan, VersionGuard::On));
    const SQLite::Statement comparison(database, compare_row(plan));
  } catch (const SQLite::Exception& error) {
    refuse(route, "columns", std::string("SQLite says: ") + error.what());
  }
}

std::string declaration(const Route& route, const RouteColumn& column, const Relation* relation) {
  auto text = quote(column.name);
  if (relation == nullptr || !column.expression.starts_with(':')) return text;
  for (const auto& source : relation->columns) {
    if (column.expression.substr(1) != source.name) continue;
    text += ' ' + std::string(declared_type(form_of(source.type)));
  }
  const bool is_key = std::find(route.key.begin(), route.key.end(), column.name) != route.key.end();
  return is_key ? text + " NOT NULL" : text;
}

Names key_to_create(const Route& route, const Relation* relation) {
  if (!route.key.empty() || relation == nullptr) return route.key;
  Names key;
  for (const auto& name : relation->key) {
    for (const auto& column : route.columns) {
      if (column.expression == ':' + name) {
        key.push_back(column.name);
        break;
      }
    }
  }
  return key;
}

}  // namespace

TargetPlan plan_route(SQLite::Database& database, const Route& route, const Relation* relation,
                      bool is_shared) {
  auto plan = Planner(database, route, relation).plan(is_shared);
  compile_statements(database, route, plan);
  return plan;
}

void check_route_alone(SQLite::Database& database, const Route& route) {
  for (const auto& column : route.columns) {
    parameters_of(database, route, "columns." + column.name, column.expression);
  }
  if (!route.where.empty()) parameters_of(database, route, "where", route.where);
}

std::string create_route_table(const Route& route, const Relation* relation, bool is_shared) {
  Names parts;
  if (route.mode == Route::Mode::History) {
    parts = {"\"_event_id\" INTEGER PRIMARY KEY", "\"_op\" TEXT NOT NULL", "\"_time\" TEXT NOT NULL"};
  }
  for (const auto& column : route.columns) parts.push_back(declaration(route, column, relation));
  if (route.columns.empty()) {
    refuse(route, "columns",
           "is missing: there is no description to make table '" + route.table +
               "' from. List its columns under [route.columns]");
  }
  if (route.mode == Route::Mode::Rows) {
    const auto key = key_to_create(route, relation);
    if (key.empty() && relation == nullptr) refuse_without_key(route);
    if (key.empty()) refuse_without_column_of_key(route, *relation, relation->key.front());
    parts.emplace_back("\"_version\" INTEGER NOT NULL");
    if (is_shared) parts.emplace_back("\"_route\" TEXT NOT NULL");
    parts.push_back("PRIMARY KEY (" + quoted_list(key) + ")");
  }
  return "CREATE TABLE " + quote(route.table) + " (" + joined(parts, ", ") + ")";
}

}  // namespace mailboat::consumer
