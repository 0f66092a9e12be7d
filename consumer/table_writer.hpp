#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/event.hpp"
#include "consumer/relation.hpp"
#include "consumer/row_decoder.hpp"

namespace mailboat::consumer {

/// Writes events and loaded rows of one relation to its SQLite table, with statements prepared once. Make a
/// new one when the relation changes. Must not outlive the database. Throws InvalidInput for a payload that
/// does not fit the relation, SQLite::Exception for what SQLite refuses.
///
/// `buffer_end`: see RowDecoder::decode().
class TableWriter {
 public:
  TableWriter(SQLite::Database& database, const Relation& relation, std::string table);

  [[nodiscard]] const Relation& relation() const { return relation_; }
  [[nodiscard]] const std::string& table() const { return table_; }

  void upsert(EventId version, std::string_view json, const char* buffer_end);
  /// A delete leaves a tombstone, so that an older event, sent again later, cannot bring the row back.
  void remove(EventId version, std::string_view json, const char* buffer_end);
  /// Deletes every row and leaves a tombstone for the whole table.
  void truncate(EventId version);
  /// As truncate(), but only what was there then: rows of events up to `version`, and of load chunks up to
  /// `last_chunk`.
  void truncate_again(EventId version, std::int64_t last_chunk);
  /// A row as it stands in the source at the snapshot of load chunk number `chunk`: it replaces whatever is
  /// there, and its `_version` is the chunk's number, negated.
  void load(std::int64_t chunk, std::string_view json, const char* buffer_end);
  /// Takes a row away, whatever its version, and leaves no tombstone: it is about to be written anew.
  void displace(const std::vector<Value>& key);

  /// The key's values in a payload, valid until the next call of anything. Throws InvalidInput when one is
  /// missing.
  const std::vector<Value>& key_of(std::string_view json, const char* buffer_end);

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

}  // namespace mailboat::consumer
