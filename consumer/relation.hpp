#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mailboat::consumer {

/// One column of the source, and where its values come from.
struct Column {
  /// Of a tracked table, as its R event describes it: the payloads' fields are called like the columns.
  Column(std::string column, std::string column_type, int column_number);
  /// Of an application's payload, which has fields but no description.
  explicit Column(std::string payload_field);

  std::string name;
  std::string type;   ///< as PostgreSQL's format_type() prints it; of a domain, the type beneath; or any_type
  int number;         ///< stays the same when the column is renamed; 0 of an application's field
  std::string field;  ///< of the payload; empty: the payload has none, and the value is NULL
  friend bool operator==(const Column&, const Column&) = default;
};

/// A tracked table as of one moment.
struct Relation {
  std::string topic;
  std::string schema;
  std::string table;
  std::vector<std::string> key;
  std::vector<Column> columns;

  [[nodiscard]] bool is_key(std::string_view column) const;
  friend bool operator==(const Relation&, const Relation&) = default;
};

/// `current`, but read from payloads that were written when the table had the columns `written`: by the names
/// and types that they had then. A column that there was not is not in such a payload. Fields
/// of an application stay. Pure.
[[nodiscard]] std::vector<Column> read_as(std::vector<Column> current, const std::vector<Column>& written);

/// Reads the payload of an R event. Throws InvalidInput, naming the topic, for anything else.
Relation parse_relation(std::string_view topic, std::string_view json);

/// What else an R event says: how its table has come by its topic, and what becomes of it.
struct RelationNews {
  std::string renamed_from = {};  ///< the topic of the table until then; empty when it was the same
  bool is_new = false;            ///< another table than any that had the topic before
  bool is_dropped = false;        ///< nothing more will come of it; the description is its last one
};
/// Throws InvalidInput, naming the topic.
RelationNews parse_news(std::string_view topic, std::string_view json);

}  // namespace mailboat::consumer
