#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "consumer/relation.hpp"

namespace mailboat::consumer {

/// A column of a target table, and the SQL expression that fills it.
struct TargetColumn {
  std::string name;
  std::string expression;  ///< over the parameters of TargetPlan::source
  friend bool operator==(const TargetColumn&, const TargetColumn&) = default;
};

/// How one topic's events become rows of one SQLite table. A topic may have several such targets, and several
/// topics may share a table.
struct TargetPlan {
  enum class Mode {
    Rows,     ///< the table has a row for each row of the source
    History,  ///< the table has a row for each event
  };
  Mode mode = Mode::Rows;
  std::string topic;
  std::string table;
  /// In a table that several routes write, `_route` of this one's rows; empty: the table is the plan's alone.
  std::string route;
  std::vector<std::string> key;       ///< columns of the table; of a history none
  std::vector<TargetColumn> columns;  ///< without mailboat's own (`_version`, ...)
  std::string filter;                 ///< SQL; only rows that it is true for stand in the table. Empty: all
  std::vector<Column> source;         ///< what the expressions are computed from, as parameter_of() names it

  [[nodiscard]] bool is_key(std::string_view column) const;
  /// The source's number when the expression is nothing but its parameter.
  [[nodiscard]] std::optional<std::size_t> plain_source(std::string_view expression) const;
  /// Each row of the source becomes a row, whose columns are some of its own as they are, and nobody else
  /// writes the table.
  [[nodiscard]] bool takes_rows_as_they_are() const;
  friend bool operator==(const TargetPlan&, const TargetPlan&) = default;
};

/// The parameter by which every column of the source can be named, whatever it is called: `@c7`.
[[nodiscard]] std::string numbered_parameter(std::size_t source);

/// The expression of a column of the table. The column must be one of the plan's.
[[nodiscard]] const std::string& expression_of(const TargetPlan& plan, std::string_view column);

/// The plan of an automatic table: each column of the relation as it is. Pure.
[[nodiscard]] TargetPlan mirror(const Relation& relation, std::string table);

/// `plan`, but reading payloads that were written under the description `written`. See read_as() of columns.
[[nodiscard]] TargetPlan read_as(TargetPlan plan, const Relation& written);

}  // namespace mailboat::consumer
