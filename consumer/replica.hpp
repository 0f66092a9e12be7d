#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/messages.hpp"
#include "consumer/bookkeeping.hpp"
#include "consumer/file_lock.hpp"
#include "consumer/relation.hpp"
#include "consumer/table_writer.hpp"

namespace mailboat::consumer {

/// The SQLite file that changes are applied to: the target tables, and beside them mailboat's own (see
/// Bookkeeping). Everything between begin() and commit() becomes visible at once or not at all.
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
  /// `buffer_end`: see RowDecoder::decode().
  void apply(const Event& event, const char* buffer_end);
  /// The table's load (again) begins; until it ends, unfinished_loads() lists it.
  void begin_load(const std::string& topic);
  /// Pieces of one chunk follow each other within one transaction.
  void apply(const LoadChunk& piece);
  /// Stores the cursor and makes the transaction visible. Its snapshot is what the transaction's load chunk
  /// is exact at.
  void commit(const Cursor& cursor);
  void rollback();

 private:
  struct Table {
    EventId relation_id = 0;  // id of the R event
    Relation relation;
    std::string name;
    std::unique_ptr<TableWriter> writer = nullptr;  // made at the first use
    EventId loading_since = 0;                      // LoadSpan::since while a load is running
  };
  struct OpenChunk {
    std::int64_t number = 0;
    std::string topic;
  };

  void read_cursor();
  void read_relations();
  void apply_relation(const Event& event);
  void apply_change(const Event& event, const char* buffer_end);
  void load_rows(const LoadChunk& piece);
  void end_load(const LoadChunk& piece);
  Table& table_for(std::string_view topic);
  TableWriter& writer(Table& table);
  bool table_exists(const std::string& name);
  std::vector<std::string> columns_of(const std::string& table);
  template <typename Work>
  auto on_database(const char* what, const Work& work);
  template <typename Work>
  void on_content(const std::string& what, const Work& work);

  FileLock lock_;  // before the database: taken first, released last
  SQLite::Database database_;
  Bookkeeping bookkeeping_;
  const std::string subscription_;
  std::string identity_;
  std::optional<Cursor> cursor_;
  EventId last_event_id_ = 0;
  std::map<std::string, Table, std::less<>> tables_;

  // Of the open transaction.
  std::optional<SQLite::Transaction> transaction_;
  bool tables_changed_ = false;
  EventId highest_event_id_ = 0;
  std::optional<OpenChunk> chunk_;
};

}  // namespace mailboat::consumer
