#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <string>
#include <string_view>
#include <vector>

namespace mailboat::consumer {

/// Where a topic's rows go, as the file remembers it.
struct StoredTarget {
  std::string topic;
  std::string table;
  std::string route;        ///< the route's name; empty: none, the table is the topic's automatic one
  bool is_managed = false;  ///< mailboat has made the table and alters it with the source's
  std::string definition;   ///< what its rows were computed with; another text, other rows
  std::string paused;       ///< why its rows are not written; empty: they are
};

/// mailboat's list of all targets, `_mailboat_target`. Opens no transaction. Throws SQLite::Exception.
class TargetBook {
 public:
  explicit TargetBook(SQLite::Database& database) : database_(database) {}
  static void create_table(SQLite::Database& database);

  [[nodiscard]] std::vector<StoredTarget> all();
  void store(const StoredTarget& target);
  /// The table stays; nothing is written to it any more.
  void remove(const StoredTarget& target);

 private:
  SQLite::Database& database_;
};

}  // namespace mailboat::consumer
