#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <optional>
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

/// Whose tables in a SQLite file: a source has its own cursor, and its own tables.
struct SourceTables {
  std::string source = {};  ///< its name; empty where the file has one source only
  std::string prefix = {};  ///< of the names of tables that are made for it
};

/// mailboat's list of the targets of one source, in `_mailboat_target`. Opens no transaction. Throws
/// SQLite::Exception.
class TargetBook {
 public:
  TargetBook(SQLite::Database& database, std::string source)
      : database_(database), source_(std::move(source)) {}
  static void create_table(SQLite::Database& database);

  [[nodiscard]] std::vector<StoredTarget> all();
  /// The other source whose rows the table holds, if there is one.
  [[nodiscard]] std::optional<std::string> other_owner(const std::string& table);
  void store(const StoredTarget& target);
  /// The table stays; nothing is written to it any more.
  void remove(const StoredTarget& target);
  /// The targets of `from` are those of `to`.
  void rename_topic(const std::string& from, const std::string& to);

 private:
  SQLite::Database& database_;
  const std::string source_;
};

}  // namespace mailboat::consumer
