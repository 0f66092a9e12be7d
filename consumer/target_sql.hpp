#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "consumer/target_plan.hpp"

/// The SQL that writes and reads a plan's table. Parameters that stand for the source's columns are named as
/// in the plan (see PlanStatement); all others are `?`, in the order given. Pure.
namespace mailboat::consumer {

/// The column of a target table that holds the id of the event that wrote the row.
inline constexpr std::string_view version_column = "_version";
/// The column of a table that several routes write: whose row it is.
inline constexpr std::string_view route_column = "_route";
/// The columns of a history: the event's id, operation and time.
inline constexpr std::string_view event_id_column = "_event_id";
inline constexpr std::string_view op_column = "_op";
inline constexpr std::string_view time_column = "_time";

/// The parameter of an upsert for the version: like numbered_parameter(), nothing that an expression can
/// name.
inline constexpr const char* version_parameter = "@version";

/// `"a b"`: an identifier, quoted for SQLite.
[[nodiscard]] std::string quote(std::string_view identifier);
/// `'it''s'`: a text, quoted for SQLite.
[[nodiscard]] std::string literal(std::string_view text);
/// SQLite takes names that differ only in the case of ASCII letters for the same.
[[nodiscard]] std::string lower_case(std::string_view text);
[[nodiscard]] std::string joined(const std::vector<std::string>& parts, std::string_view separator);
[[nodiscard]] std::string quoted_list(const std::vector<std::string>& names);

/// INSERT ... ON CONFLICT(key) DO UPDATE; `version_parameter` is the version. With the version guard an older
/// event leaves a newer row alone; a loaded row is written without. Changes nothing, either, where the filter
/// is not true or the row of that key is another route's.
enum class VersionGuard { On, Off };
[[nodiscard]] std::string upsert(const TargetPlan& plan, VersionGuard guard);

/// INSERT of many rows for a plan that takes_rows_as_they_are(), see BulkInsert; `:_rows` are ValueRows.
[[nodiscard]] std::string insert_rows(const TargetPlan& plan);

/// INSERT of a history's row, which changes nothing where the event's is there already. Parameters beside
/// those of the source: `:_event_id`, `:_op`, `:_time`, `:_topic`, `:_payload`.
[[nodiscard]] std::string append(const TargetPlan& plan);

/// `"a" = ? AND "b" = ?`, the plan's own rows only: key columns in order.
[[nodiscard]] std::string key_condition(const TargetPlan& plan);
/// A condition that is true for the plan's own rows; `alias` stands for the table.
[[nodiscard]] std::string own_rows(const TargetPlan& plan, std::string_view alias = "");

/// DELETE by key; key columns in order, then the version of the deleting event.
[[nodiscard]] std::string delete_row(const TargetPlan& plan);
/// SELECT of a row's `_version` by key; key columns in order.
[[nodiscard]] std::string select_version(const TargetPlan& plan);
/// SELECT of the key's values.
[[nodiscard]] std::string select_key(const TargetPlan& plan);
/// SELECT of whether a row of the source stands in the table.
[[nodiscard]] std::string select_filter(const TargetPlan& plan);
/// SELECT by key of one 0 or 1 for each of the plan's columns: whether it holds what its expression gives,
/// byte by byte whatever the column's collation.
[[nodiscard]] std::string compare_row(const TargetPlan& plan);

}  // namespace mailboat::consumer
