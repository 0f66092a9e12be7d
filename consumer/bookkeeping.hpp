#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/messages.hpp"
#include "consumer/load_book.hpp"
#include "consumer/stored_cursor.hpp"

namespace mailboat::consumer {

/// What a SQLite file knows of one source: cursor, relations, loads (see LoadBook). The tables are made by
/// create_own_tables(); tombstones are left by TableWriter, rejections kept by Rejections. Opens no
/// transaction. One thread; must not outlive the database. Throws SQLite::Exception.
class Bookkeeping : public LoadBook {
 public:
  Bookkeeping(SQLite::Database& database, std::string source) : LoadBook(database, std::move(source)) {}

  [[nodiscard]] const std::string& source() const { return source_; }

  /// How many transactions of retries this copy of the file has had.
  std::uint64_t retries();
  void count_retry();

  std::optional<StoredCursor> cursor();
  void store(const StoredCursor& stored);

  /// The R event that described a topic's table last.
  struct StoredRelation {
    std::string topic;
    EventId event_id = 0;
    std::string description;
  };
  std::vector<StoredRelation> relations();
  void store(const StoredRelation& relation);
  /// The table of `from` is called `to` from now on; nothing is known of `to`.
  void rename_topic(const std::string& from, const std::string& to);
  /// Forgets the topic: its description and its loads.
  void forget_topic(const std::string& topic);

  /// Topics that no load, running or finished, has been begun for.
  std::vector<std::string> topics_without_load();
};

}  // namespace mailboat::consumer
