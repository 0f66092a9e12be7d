#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "consumer/relation.hpp"

/// Which SQLite table a relation becomes, and the SQL for it. Pure.
namespace mailboat::consumer {

/// The column of a target table that holds the id of the event that wrote the row.
inline constexpr std::string_view version_column = "_version";

/// `"a b"`: an identifier, quoted for SQLite.
[[nodiscard]] std::string quote(std::string_view identifier);

/// True for a table's name that SQLite or mailboat keeps for itself.
[[nodiscard]] bool is_reserved_table(std::string_view name);

/// `users` for public.users, `shop_orders` for shop.orders. Throws InvalidInput for a name that SQLite or
/// mailboat keeps for itself.
[[nodiscard]] std::string table_name(const Relation& relation);

/// Throws InvalidInput where two columns differ only in case, which SQLite takes for the same, or one is
/// called
/// `_version`.
[[nodiscard]] std::string create_table(const Relation& relation, std::string_view table);

/// What turns a table made for `before` into one for `after`: added columns are added, renamed ones renamed,
/// dropped ones stay and are no longer written. A column whose SQLite type changes begins anew: SQLite would
/// go on turning the values into the old type. `existing` are the columns that the table has now; one that is
/// in the way of a new name is kept as `name_dropped`. Throws InvalidInput when the key has changed, which
/// rows cannot follow.
[[nodiscard]] std::vector<std::string> alter_table(const Relation& before, const Relation& after,
                                                   std::string_view table, std::vector<std::string> existing);

/// SQLite takes names that differ only in the case of ASCII letters for the same.
[[nodiscard]] std::string lower_case(std::string_view text);

/// Throws InvalidInput where two columns would have the same name in SQLite.
void require_distinct_columns(const Relation& relation);

/// INSERT ... ON CONFLICT(key) DO UPDATE; parameters are the relation's columns in order, then `_version`.
/// With the version guard an older event leaves a newer row alone; a loaded row is written without.
enum class VersionGuard { On, Off };
[[nodiscard]] std::string upsert(const Relation& relation, std::string_view table, VersionGuard guard);

/// DELETE by key; parameters are the key columns in order, then the version of the deleting event.
[[nodiscard]] std::string delete_row(const Relation& relation, std::string_view table);

/// `"a" = ? AND "b" = ?`; parameters are the key columns in order.
[[nodiscard]] std::string key_condition(const Relation& relation);

/// SELECT of a row's `_version` by key; parameters are the key columns in order.
[[nodiscard]] std::string select_version(const Relation& relation, std::string_view table);

/// SELECT by key of one 0 or 1 for each of the relation's columns: whether it holds the parameter's value,
/// byte by byte whatever the column's collation. Parameters are the relation's columns in order.
[[nodiscard]] std::string compare_row(const Relation& relation, std::string_view table);

/// The key's columns in key order.
[[nodiscard]] std::vector<Column> key_columns(const Relation& relation);

}  // namespace mailboat::consumer
