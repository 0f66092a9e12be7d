#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/messages.hpp"

namespace mailboat::consumer {

/// What a SQLite file knows of the loads of one source's tables, and of their chunks. A chunk has its number
/// for itself in the whole file, since rows carry it. Opens no transaction. One thread; must not outlive the
/// database. Throws SQLite::Exception.
class LoadBook {
 public:
  LoadBook(SQLite::Database& database, std::string source)
      : database_(database), source_(std::move(source)) {}

  [[nodiscard]] bool has_load(const std::string& topic);
  std::vector<LoadPosition> unfinished_loads();
  /// What of a table a running load has not to look at again: rows that an event from `since` on wrote, and
  /// those of chunks from `first_chunk` on.
  struct LoadSpan {
    EventId since = 0;  ///< 0: the table was empty when the load began
    std::int64_t first_chunk = 0;
  };
  void begin_load(const std::string& topic, EventId since);
  /// Of the topic's unfinished load; nothing when there is none.
  std::optional<LoadSpan> running_load(const std::string& topic);
  void store_progress(const LoadChunk& piece);
  /// Ends the topic's load, if one is running: the rest of the table will not come.
  void abandon_load(const std::string& topic);
  /// What is known of the loads of `from` is known of `to` from now on; of `to` nothing was.
  void rename_loads(const std::string& from, const std::string& to);
  /// Forgets the topic's loads. Their chunks stay known, by number: rows carry it.
  void forget_loads_of(const std::string& topic);
  /// The topic's table is as if a load that began with chunk `first_chunk` had just brought all its rows.
  void store_finished_load(const std::string& topic, std::uint64_t rows, std::int64_t first_chunk);

  std::int64_t next_chunk();
  /// What the rows of a chunk are exact at.
  void store_chunk(std::int64_t chunk, const std::string& topic, const Snapshot& snapshot);
  /// Throws InvalidInput for a chunk that nobody has stored.
  Snapshot chunk_snapshot(std::int64_t chunk);
  /// True when the topic's last load has brought, or will bring, what a transaction that the cursor covers
  /// has done: its first chunk covers it, or is still to come. False when the load was given up.
  bool load_brings(const std::string& topic, TransactionId transaction);
  /// The last chunk whose snapshot does not cover the transaction; 0 when all do.
  std::int64_t last_chunk_before(TransactionId transaction);

 private:
  void store_last_key(const LoadChunk& piece);
  void forget_beginning(const std::string& topic);

 protected:
  SQLite::Database& database_;
  const std::string source_;
};

}  // namespace mailboat::consumer
