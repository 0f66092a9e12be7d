#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "consumer/relation.hpp"

/// Which SQLite table a relation becomes where no route says otherwise, and the SQL that makes it. Pure.
namespace mailboat::consumer {

/// True for a table's name that SQLite or mailboat keeps for itself.
[[nodiscard]] bool is_reserved_table(std::string_view name);

/// `users` for public.users, `shop_orders` for shop.orders, with `prefix` before it. Throws InvalidInput for
/// a name that SQLite or mailboat keeps for itself.
[[nodiscard]] std::string table_name(const Relation& relation, std::string_view prefix = "");

/// Throws InvalidInput where two columns differ only in case, which SQLite takes for the same, or one is
/// called `_version`.
[[nodiscard]] std::string create_table(const Relation& relation, std::string_view table);

/// What turns a table made for `before` into one for `after`: added columns are added, renamed ones renamed,
/// dropped ones stay and are no longer written. A column whose SQLite type changes begins anew: SQLite would
/// go on turning the values into the old type. `existing` are the columns that the table has now; one that is
/// in the way of a new name is kept as `name_dropped`. Throws InvalidInput when the key has changed, which
/// rows cannot follow.
[[nodiscard]] std::vector<std::string> alter_table(const Relation& before, const Relation& after,
                                                   std::string_view table, std::vector<std::string> existing);

/// Throws InvalidInput where two columns would have the same name in SQLite.
void require_distinct_columns(const Relation& relation);

/// The key's columns in key order.
[[nodiscard]] std::vector<Column> key_columns(const Relation& relation);

}  // namespace mailboat::consumer
