#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mailboat::consumer {

/// One column of a table, and where its values come from.
struct Column {
  /// Of a tracked table, as its R event describes it: the payloads' fields are called like the columns.
  Column(std::string column, std::string column_type, int column_number);
  /// Of a route: `column` of the target is read from `payload_field`.
  Column(std::string column, std::string payload_field);

  std::string name;
  std::string type;   ///< as PostgreSQL's format_type() prints it; of a domain, the type beneath; or any_type
  int number;         ///< stays the same when the column is renamed; 0 in a route
  std::string field;  ///< of the payload; empty: the payload has none, and the value is NULL
  friend bool operator==(const Column&, const Column&) = default;
};

/// A tracked table as of one moment, or the target of a route.
struct Relation {
  std::string topic;
  std::string schema;
  std::string table;
  std::vector<std::string> key;
  std::vector<Column> columns;

  [[nodiscard]] bool is_key(std::string_view column) const;
  friend bool operator==(const Relation&, const Relation&) = default;
};

/// `current`, but with its columns read from payloads that were written under the description `written`: by
/// the names and types that they had then. A column that there was not is not in such a payload. Pure.
[[nodiscard]] Relation read_as(const Relation& current, const Relation& written);

/// Reads the payload of an R event. Throws InvalidInput, naming the topic, for anything else.
Relation parse_relation(std::string_view topic, std::string_view json);

}  // namespace mailboat::consumer
