#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "consumer/relation.hpp"

/// How a table that mailboat has made follows its source's. Pure.
namespace mailboat::consumer {

/// Gives the columns of a table that was made for `before` the names of `after`, and adds those that are new;
/// dropped ones stay and are no longer written. `existing` are the columns that the table has now; one that
/// is in the way of a new name is kept as `name_dropped`.
[[nodiscard]] std::vector<std::string> alter_table(const Relation& before, const Relation& after,
                                                   std::string_view table, std::vector<std::string> existing);

/// True when names are not all that differs: a column has another SQLite type, or the key other columns.
/// SQLite cannot alter these; see rebuild_table().
[[nodiscard]] bool needs_rebuild(const Relation& before, const Relation& after);

/// `before`, but with the columns numbered as in `after` where they have the same name: for a table that
/// takes the place of another one.
[[nodiscard]] Relation matched_by_name(Relation before, const Relation& after);

}  // namespace mailboat::consumer
