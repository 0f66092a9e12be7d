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

/// Throws InvalidInput where two columns would have the same name in SQLite.
void require_distinct_columns(const Relation& relation);

/// The key's columns in key order.
[[nodiscard]] std::vector<Column> key_columns(const Relation& relation);

}  // namespace mailboat::consumer
