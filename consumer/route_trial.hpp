#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/event.hpp"
#include "consumer/relation.hpp"
#include "consumer/route.hpp"
#include "consumer/source.hpp"

namespace mailboat::consumer {

/// One route of a topic, as it is used.
struct TriedRoute {
  Route route;              ///< with the topic and the table's name written out
  std::string create = {};  ///< the statement that makes the table; empty: it need not be made
  std::string write = {};   ///< what writes a row, or appends one; empty: see TriedTopic::unknown
  std::string filter = {};  ///< tells whether a row of the source is written; empty: each is
  std::string remove = {};  ///< what deletes a row; empty for a history
};

struct TriedTopic {
  std::string topic;
  bool is_tracked = false;  ///< a description of its table is known
  bool is_skipped = false;
  std::vector<TriedRoute> routes = {};    ///< in the file's order
  std::string mistake = {};               ///< the first: file, line, route, key, and what to do; empty: none
  std::vector<std::string> unknown = {};  ///< what could not be checked, and what it takes
};

/// A value as SQLite has stored it: its storage class (`integer`, `real`, `text`, `blob`, `null`), and its
/// text; of a blob the hexadecimal digits.
struct StoredValue {
  std::string storage;
  std::string text;
};

/// What the trial's rows have become in one table.
struct WrittenTable {
  std::string topic;
  std::string table;
  std::vector<std::string> columns = {};  ///< without `_version`, which a trial's rows have none of
  std::vector<std::vector<StoredValue>> rows = {};
  std::size_t given = 0;                  ///< how many rows or events there were
  std::size_t left_out = 0;               ///< of those, by the filter
  std::vector<std::string> refused = {};  ///< why a row could not be written, one sentence each
};

/// Routes tried out: what a consumer does at its start is done in memory, on a copy of the SQLite file's
/// tables without their rows. The file is only read, and may be in use. One thread.
class RouteTrial {
 public:
  struct Setting {
    std::vector<Route> routes;  ///< of one source
    Source source = {};         ///< whose they are
    std::string database = {};  ///< the SQLite file; empty: none, and what tables it has is not known
    /// Of all tracked tables of the source. nullopt: not known; those that the file remembers are taken.
    std::optional<std::vector<Relation>> relations = {};
  };
  /// Throws InvalidInput where the file cannot be read, or is none of SQLite's.
  explicit RouteTrial(Setting setting);
  ~RouteTrial();
  RouteTrial(const RouteTrial&) = delete;
  RouteTrial& operator=(const RouteTrial&) = delete;

  /// Those that routes name, in the file's order (`*` among them), then all others that are known and have a
  /// default route.
  [[nodiscard]] std::vector<std::string> topics() const;
  TriedTopic try_topic(const std::string& topic);

  /// Whether the topic, which has been tried, has a table of that mode.
  [[nodiscard]] bool has_targets(const std::string& topic, Route::Mode mode) const;
  /// Writes rows of the source, as a load would, to the tables that have a row for each. The topic must have
  /// been tried without a mistake.
  std::vector<WrittenTable> load(const std::string& topic, const TextColumn& rows);
  /// Applies events of the topic to its tables of that mode.
  std::vector<WrittenTable> apply(const std::string& topic, const EventBatch& events, Route::Mode mode);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mailboat::consumer
