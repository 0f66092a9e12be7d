#include "consumer/table_schema.hpp"

#include <algorithm>
#include <set>

#include "common/error.hpp"
#include "consumer/column_form.hpp"

namespace mailboat::consumer {
namespace {

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
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
  return join(quoted, ", ");
}

std::string declaration(const Relation& relation, const Column& column, bool sole_key) {
  auto text = quote(column.name) + ' ' + std::string(declared_type(form_of(column.type)));
  if (relation.is_key(column.name)) text += " NOT NULL";
  if (sole_key) text += " PRIMARY KEY";
  return text;
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

void require_distinct_columns(const Relation& relation) {
  std::set<std::string> names{std::string(version_column)};
  for (const auto& column : relation.columns) {
    if (names.insert(lower_case(column.name)).second) continue;
    throw InvalidInput(
        "column '" + column.name + "' of " + relation.topic +
        " cannot stand in the SQLite table: SQLite takes names that differ only in case for the same, "
        "and _version is mailboat's own. Rename it, or leave it out with: mailboat track --exclude");
  }
}

std::string quote(std::string_view identifier) {
  std::string text = "\"";
  for (const char c : identifier) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + '"';
}

bool is_reserved_table(std::string_view name) {
  const auto lower = lower_case(name);
  return lower.starts_with("sqlite_") || lower.starts_with("_mailboat_");
}

std::string table_name(const Relation& relation) {
  auto name = relation.schema == "public" ? relation.table : relation.schema + '_' + relation.table;
  if (is_reserved_table(name)) {
    throw InvalidInput("table " + relation.topic + " would become SQLite table '" + name +
                       "', but names that begin like that are reserved. Rename it, or leave its topic out");
  }
  return name;
}

std::vector<Column> key_columns(const Relation& relation) {
  std::vector<Column> columns;
  for (const auto& key : relation.key) {
    columns.push_back(*std::find_if(relation.columns.begin(), relation.columns.end(),
                                    [&key](const Column& column) { return column.name == key; }));
  }
  return columns;
}

std::string create_table(const Relation& relation, std::string_view table) {
  require_distinct_columns(relation);
  const bool sole_key = relation.key.size() == 1;
  std::vector<std::string> parts;
  for (const auto& column : relation.columns) {
    parts.push_back(declaration(relation, column, sole_key && relation.is_key(column.name)));
  }
  parts.push_back(quote(version_column) + " INTEGER NOT NULL");
  if (!sole_key) parts.push_back("PRIMARY KEY (" + quoted_list(relation.key) + ")");
  return "CREATE TABLE " + quote(table) + " (" + join(parts, ", ") + ")";
}

std::string upsert(const Relation& relation, std::string_view table, VersionGuard guard) {
  std::vector<std::string> names;
  std::vector<std::string> assignments;
  for (const auto& column : relation.columns) {
    names.push_back(column.name);
    const auto quoted = quote(column.name);
    if (!relation.is_key(column.name)) assignments.push_back(quoted + " = excluded." + quoted);
  }
  const auto version = quote(version_column);
  names.emplace_back(version_column);
  assignments.push_back(version + " = excluded." + version);
  // By its own name, which SQLite then also uses in its messages; only beside the pseudo-table it needs
  // another.
  const bool is_excluded = lower_case(table) == "excluded";
  const auto target = is_excluded ? std::string("t") : quote(table);
  auto sql = "INSERT INTO " + quote(table) + (is_excluded ? " AS t" : "") + " (" + quoted_list(names) +
             ") VALUES (" + join(std::vector<std::string>(names.size(), "?"), ", ") + ") ON CONFLICT (" +
             quoted_list(relation.key) + ") DO UPDATE SET " + join(assignments, ", ");
  if (guard == VersionGuard::On) sql += " WHERE excluded." + version + " >= " + target + '.' + version;
  return sql;
}

std::string key_condition(const Relation& relation) {
  std::vector<std::string> conditions;
  for (const auto& key : relation.key) conditions.push_back(quote(key) + " = ?");
  return join(conditions, " AND ");
}

std::string delete_row(const Relation& relation, std::string_view table) {
  return "DELETE FROM " + quote(table) + " WHERE " + key_condition(relation) + " AND " +
         quote(version_column) + " <= ?";
}

std::string select_version(const Relation& relation, std::string_view table) {
  return "SELECT " + quote(version_column) + " FROM " + quote(table) + " WHERE " + key_condition(relation);
}

std::string compare_row(const Relation& relation, std::string_view table) {
  std::vector<std::string> comparisons;
  std::vector<std::string> conditions;
  for (std::size_t i = 0; i < relation.columns.size(); ++i) {
    const auto column = quote(relation.columns[i].name);
    const auto parameter = "?" + std::to_string(i + 1);
    comparisons.push_back(column + " IS " + parameter + " COLLATE BINARY");
    if (relation.is_key(relation.columns[i].name)) conditions.push_back(column + " = " + parameter);
  }
  return "SELECT " + join(comparisons, ", ") + " FROM " + quote(table) + " WHERE " +
         join(conditions, " AND ");
}

}  // namespace mailboat::consumer
