#include "consumer/target_sql.hpp"

namespace mailboat::consumer {
namespace {

// A comment at the end of an expression must not swallow what follows.
std::string enclosed(const std::string& expression) {
  return expression.starts_with('@') ? expression : '(' + expression + "\n)";
}

// The + takes the expression's own affinity away, so that only the column's counts, as when it was written.
// Source: SQLite, "Datatypes In SQLite", 4.2.
std::string without_affinity(const std::string& expression) { return '+' + enclosed(expression); }

std::string quoted_literal(std::string_view text, char mark) {
  std::string quoted(1, mark);
  for (const char c : text) {
    if (c == mark) quoted += mark;
    quoted += c;
  }
  return quoted + mark;
}

struct Insertion {
  std::vector<std::string> names;
  std::vector<std::string> values;

  void add(std::string_view name, std::string value) {
    names.emplace_back(name);
    values.push_back(std::move(value));
  }
};

Insertion of_columns(const TargetPlan& plan) {
  Insertion insertion;
  for (const auto& column : plan.columns) insertion.add(column.name, enclosed(column.expression));
  return insertion;
}

// A SELECT needs its WHERE: without one SQLite would take ON CONFLICT for a part of a join. Source: SQLite,
// "UPSERT", 2.2 "Parsing Ambiguity".
std::string insert_into(const TargetPlan& plan, std::string_view alias, const Insertion& insertion) {
  const auto values = joined(insertion.values, ", ");
  return "INSERT INTO " + quote(plan.table) + (alias.empty() ? "" : " AS ") + std::string(alias) + " (" +
         quoted_list(insertion.names) + ") " +
         (plan.filter.empty() ? "VALUES (" + values + ")"
                              : "SELECT " + values + " WHERE " + enclosed(plan.filter));
}

}  // namespace

std::string quote(std::string_view identifier) { return quoted_literal(identifier, '"'); }

std::string literal(std::string_view text) { return quoted_literal(text, '\''); }

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const auto& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const auto& name : names) quoted.push_back(quote(name));
  return joined(quoted, ", ");
}

std::string upsert(const TargetPlan& plan, VersionGuard guard) {
  auto insertion = of_columns(plan);
  insertion.add(version_column, version_parameter);
  if (!plan.route.empty()) insertion.add(route_column, literal(plan.route));
  std::vector<std::string> assignments;
  for (const auto& name : insertion.names) {
    if (!plan.is_key(name)) assignments.push_back(quote(name) + " = excluded." + quote(name));
  }
  // By its own name, which SQLite then also uses in its messages; only beside the pseudo-table it needs
  // another.
  const std::string_view alias = lower_case(plan.table) == "excluded" ? "t" : "";
  const auto table = alias.empty() ? quote(plan.table) : std::string(alias);
  std::vector<std::string> conditions;
  if (guard == VersionGuard::On) {
    conditions.push_back("excluded." + quote(version_column) + " >= " + table + '.' + quote(version_column));
  }
  if (!plan.route.empty()) conditions.push_back(own_rows(plan, table));
  return insert_into(plan, alias, insertion) + " ON CONFLICT (" + quoted_list(plan.key) + ") DO UPDATE SET " +
         joined(assignments, ", ") + (conditions.empty() ? "" : " WHERE " + joined(conditions, " AND "));
}

// FAIL leaves what was inserted before the row that did not fit: so SQLite need not keep every page that it
// changes for putting it back.
std::string insert_rows(const TargetPlan& plan) {
  Insertion insertion;
  for (const auto& column : plan.columns) {
    insertion.add(column.name, 'c' + std::to_string(plan.plain_source(column.expression).value()));
  }
  insertion.add(version_column, "version");
  return "INSERT OR FAIL INTO " + quote(plan.table) + " (" + quoted_list(insertion.names) + ") SELECT " +
         joined(insertion.values, ", ") + " FROM _mailboat_rows(:_rows)";
}

std::string append(const TargetPlan& plan) {
  auto insertion = of_columns(plan);
  insertion.add(event_id_column, ":_event_id");
  insertion.add(op_column, ":_op");
  insertion.add(time_column, ":_time");
  return insert_into(plan, "", insertion) + " ON CONFLICT (" + quote(event_id_column) + ") DO NOTHING";
}

std::string own_rows(const TargetPlan& plan, std::string_view alias) {
  if (plan.route.empty()) return "TRUE";
  return (alias.empty() ? "" : std::string(alias) + '.') + quote(route_column) + " = " + literal(plan.route);
}

std::string key_condition(const TargetPlan& plan) {
  std::vector<std::string> conditions;
  for (const auto& key : plan.key) conditions.push_back(quote(key) + " = ?");
  if (!plan.route.empty()) conditions.push_back(own_rows(plan));
  return joined(conditions, " AND ");
}

std::string delete_row(const TargetPlan& plan) {
  return "DELETE FROM " + quote(plan.table) + " WHERE " + key_condition(plan) + " AND " +
         quote(version_column) + " <= ?";
}

std::string select_version(const TargetPlan& plan) {
  return "SELECT " + quote(version_column) + " FROM " + quote(plan.table) + " WHERE " + key_condition(plan);
}

std::string select_key(const TargetPlan& plan) {
  std::vector<std::string> values;
  for (const auto& key : plan.key) values.push_back(enclosed(expression_of(plan, key)));
  return "SELECT " + joined(values, ", ");
}

std::string select_filter(const TargetPlan& plan) { return "SELECT " + enclosed(plan.filter) + " IS TRUE"; }

std::string compare_row(const TargetPlan& plan) {
  std::vector<std::string> comparisons;
  std::vector<std::string> conditions;
  for (const auto& column : plan.columns) {
    const auto name = quote(column.name);
    const auto value = without_affinity(column.expression);
    comparisons.push_back(name + " IS " + value + " COLLATE BINARY");
    if (plan.is_key(column.name)) conditions.push_back(name + " = " + value);
  }
  if (!plan.route.empty()) conditions.push_back(own_rows(plan));
  return "SELECT " + joined(comparisons, ", ") + " FROM " + quote(plan.table) + " WHERE " +
         joined(conditions, " AND ");
}

}  // namespace mailboat::consumer
