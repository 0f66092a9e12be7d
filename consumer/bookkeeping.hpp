#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/messages.hpp"
#include "consumer/stored_cursor.hpp"

namespace mailboat::consumer {

/// mailboat's own tables in a SQLite file (`_mailboat_...`): identity, cursor, relations, loads. Tombstones
/// are left by TableWriter, rejections kept by Rejections. Opens no transaction of
/// its own but in create_tables(). One thread; must not outlive the database. Throws SQLite::Exception.
class Bookkeeping {
 public:
  explicit Bookkeeping(SQLite::Database& database) : database_(database) {}

  /// Makes the tables where they are missing. Throws Fatal for a file that a newer mailboat has written.
  void create_tables();
  /// The random name that the file got when it was made.
  std::string file_id();

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

  /// Topics that no load, running or finished, has been begun for.
  std::vector<std::string> topics_without_load();
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

  SQLite::Database& database_;
};

}  // namespace mailboat::consumer
