#include "consumer/table_schema.hpp"

#include <algorithm>
#include <set>

#include "common/error.hpp"
#include "consumer/column_form.hpp"
#include "consumer/target_sql.hpp"

namespace mailboat::consumer {
namespace {

std::string declaration(const Relation& relation, const Column& column, bool sole_key) {
  auto text = quote(column.name) + ' ' + std::string(declared_type(form_of(column.type)));
  if (relation.is_key(column.name)) text += " NOT NULL";
  if (sole_key) text += " PRIMARY KEY";
  return text;
}

}  // namespace

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

bool is_reserved_table(std::string_view name) {
  const auto lower = lower_case(name);
  return lower.starts_with("sqlite_") || lower.starts_with("_mailboat_");
}

std::string table_name(const Relation& relation, std::string_view prefix) {
  auto name = std::string(prefix);
  name += relation.schema == "public" ? relation.table : relation.schema + '_' + relation.table;
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
  return "CREATE TABLE " + quote(table) + " (" + joined(parts, ", ") + ")";
}

}  // namespace mailboat::consumer
