#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/messages.hpp"
#include "consumer/file_lock.hpp"
#include "consumer/relation.hpp"
#include "consumer/table_writer.hpp"

namespace mailboat::consumer {

/// The SQLite file that changes are applied to: the target tables, and beside them mailboat's own
/// (`_mailboat_...`): cursor, relations, tombstones, loads. Everything between begin() and commit() becomes
/// visible at once or not at all.
///
/// One thread, one process: a lock file beside the database keeps a second consumer out. Throws
/// ReplicaUnavailable for what is about the database as a whole, EventRefused for what is about one event,
/// Fatal for a file that is not ours.
class Replica {
 public:
  /// Opens or creates the file for `subscription`.
  Replica(const std::string& path, const std::string& subscription);

  /// Names this file on this machine; a copy elsewhere has another name.
  [[nodiscard]] const std::string& identity() const { return identity_; }
  [[nodiscard]] const std::optional<Cursor>& cursor() const { return cursor_; }
  [[nodiscard]] EventId last_event_id() const { return last_event_id_; }
  [[nodiscard]] std::vector<LoadPosition> unfinished_loads();

  void begin();
  void apply(const Event& event, const char* buffer_end);
  /// The table's load (again) begins; until it ends, unfinished_loads() lists it.
  void begin_load(const std::string& topic);
  /// Pieces of one chunk follow each other within one transaction.
  void apply(const LoadChunk& piece);
  /// Stores the cursor and makes the transaction visible. `window_end` is what its load chunk, if any, was
  /// exact at.
  void commit(const Cursor& cursor);
  void rollback();

 private:
  struct Table {
    EventId relation_id = 0;  // id of the R event
    Relation relation;
    std::string name;
    std::unique_ptr<TableWriter> writer;  // made at the first use
  };

  void configure();
  void create_own_tables();
  void read_state(const std::string& subscription);
  void read_relations();
  void apply_relation(const Event& event);
  void store_relation(const Event& event, const std::string& table);
  void apply_change(const Event& event, const char* buffer_end);
  Table& table_for(std::string_view topic);
  TableWriter& writer(Table& table);
  bool table_exists(const std::string& name);
  void store_load_position(const LoadChunk& piece);
  void store_chunk_snapshot(const Snapshot& snapshot);

  FileLock lock_;  // before the database: taken first, released last
  SQLite::Database database_;
  std::string subscription_;
  std::string identity_;
  std::optional<Cursor> cursor_;
  EventId last_event_id_ = 0;
  std::optional<SQLite::Transaction> transaction_;
  std::map<std::string, Table, std::less<>> tables_;
  bool relations_changed_ = false;          // in the open transaction
  EventId transaction_last_event_id_ = 0;   // highest id applied in the open transaction
  std::optional<std::int64_t> open_chunk_;  // number of the load chunk in the open transaction
  std::string open_chunk_topic_;
};

}  // namespace mailboat::consumer
