#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mailboat::consumer {

/// One column of a tracked table, as its R event describes it.
struct Column {
  std::string name;
  std::string type;  ///< as PostgreSQL's format_type() prints it; of a domain, the type beneath
  int number = 0;    ///< stays the same when the column is renamed
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

/// Reads the payload of an R event. Throws InvalidInput, naming the topic, for anything else.
Relation parse_relation(std::string_view topic, std::string_view json);

}  // namespace mailboat::consumer
