#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/event.hpp"
#include "consumer/relation.hpp"
#include "consumer/row_decoder.hpp"

namespace mailboat::consumer {

/// Writes events and loaded rows of one relation to its SQLite table, with statements prepared once. Make a
/// new one when the relation changes. Must not outlive the database. Throws InvalidInput for a payload that
/// does not fit the relation, SQLite::Exception for what SQLite refuses.
class TableWriter {
 public:
  TableWriter(SQLite::Database& database, const Relation& relation, std::string table);

  /// `buffer_end`: see RowDecoder::decode().
  void upsert(EventId version, std::string_view json, const char* buffer_end);
  /// A delete leaves a tombstone, so that an older event, sent again later, cannot bring the row back.
  void remove(EventId version, std::string_view json, const char* buffer_end);
  /// Deletes every row and leaves a tombstone for the whole table.
  void truncate(EventId version);
  /// A row as it stands in the source at the snapshot of load chunk number `chunk`: it replaces whatever is
  /// there, and its `_version` is the chunk's number, negated.
  void load(std::int64_t chunk, std::string_view json, const char* buffer_end);
  /// At the end of a load: deletes the rows that neither a chunk from `first_chunk` on nor an event from
  /// `since` on has written. They are no longer in the source.
  void sweep(std::int64_t first_chunk, EventId since);
  [[nodiscard]] bool has_rows();

 private:
  void write(SQLite::Statement& statement, std::int64_t version, std::string_view json,
             const char* buffer_end);
  void bury(const std::string& key, EventId version);

  SQLite::Database& database_;
  const Relation relation_;
  const std::string table_;
  RowDecoder row_;
  RowDecoder key_;
  SQLite::Statement upsert_;
  SQLite::Statement load_;
  SQLite::Statement delete_;
  SQLite::Statement truncate_;
  SQLite::Statement bury_;
};

/// A key's values as one text that two different keys never share: SQL literals separated by commas. Pure.
[[nodiscard]] std::string key_text(const std::vector<Value>& values);

}  // namespace mailboat::consumer
