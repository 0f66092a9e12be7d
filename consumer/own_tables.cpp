#include "consumer/own_tables.hpp"

#include <array>

#include "common/error.hpp"
#include "consumer/rejections.hpp"
#include "consumer/target_book.hpp"
#include "consumer/verification_log.hpp"

namespace mailboat::consumer {
namespace {

constexpr auto tables = R"sql(
CREATE TABLE IF NOT EXISTS _mailboat_replica (id TEXT NOT NULL, format INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS _mailboat_retry (source TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _mailboat_cursor (
  source TEXT NOT NULL PRIMARY KEY, subscription TEXT NOT NULL, system_identifier TEXT NOT NULL,
  database_oid INTEGER NOT NULL, timeline INTEGER NOT NULL, snapshot TEXT NOT NULL, last_event_id INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS _mailboat_relation (
  source TEXT NOT NULL, topic TEXT NOT NULL, event_id INTEGER NOT NULL, description TEXT NOT NULL,
  PRIMARY KEY (source, topic));
CREATE TABLE IF NOT EXISTS _mailboat_tombstone (
  table_name TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (table_name, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _mailboat_load (
  source TEXT NOT NULL, topic TEXT NOT NULL, rows INTEGER NOT NULL, finished INTEGER NOT NULL, since INTEGER NOT NULL,
  first_chunk INTEGER NOT NULL, PRIMARY KEY (source, topic));
CREATE TABLE IF NOT EXISTS _mailboat_load_key (
  source TEXT NOT NULL, topic TEXT NOT NULL, position INTEGER NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (source, topic, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _mailboat_load_chunk (
  chunk INTEGER PRIMARY KEY, source TEXT NOT NULL, topic TEXT NOT NULL, snapshot TEXT NOT NULL);
)sql";

// Of the tables above. One mailboat must not write what it does not understand of another.
constexpr int file_format = 2;

constexpr std::array tables_of_sources{
    "_mailboat_retry",      "_mailboat_cursor",     "_mailboat_relation",  "_mailboat_load",
    "_mailboat_load_key",   "_mailboat_load_chunk", "_mailboat_rejection", "_mailboat_verification",
    "_mailboat_difference", "_mailboat_target"};

}  // namespace

void require_own_format(SQLite::Database& database) {
  if (!database.tableExists("_mailboat_replica")) return;
  const auto format = database.execAndGet("SELECT max(format) FROM _mailboat_replica").getInt();
  if (format == file_format || format == 0) return;
  const auto file = "SQLite file '" + database.getFilename() + "' was written by ";
  if (format > file_format) throw Fatal(file + "a newer mailboat. Upgrade this one");
  throw Fatal(
      file +
      "a mailboat from before its first release, and cannot be taken over. Move the file away, and let "
      "a consumer fill a new one");
}

void create_own_tables(SQLite::Database& database) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  require_own_format(database);
  database.exec(tables);
  Rejections::create_table(database);
  VerificationLog::create_tables(database);
  TargetBook::create_table(database);
  if (database.execAndGet("SELECT count(*) FROM _mailboat_replica").getInt() == 0) {
    SQLite::Statement insert(database,
                             "INSERT INTO _mailboat_replica VALUES (lower(hex(randomblob(16))), ?)");
    insert.bind(1, file_format);
    insert.exec();
  }
  transaction.commit();
}

std::string file_id(SQLite::Database& database) {
  return database.execAndGet("SELECT id FROM _mailboat_replica").getString();
}

std::vector<StoredCursor> stored_cursors(SQLite::Database& database) {
  std::vector<StoredCursor> cursors;
  SQLite::Statement row(database,
                        "SELECT source, subscription, system_identifier, database_oid, timeline, snapshot,"
                        " last_event_id FROM _mailboat_cursor ORDER BY source");
  while (row.executeStep()) {
    const SourceIdentity source{std::stoull(row.getColumn(2).getString()), row.getColumn(3).getUInt(),
                                row.getColumn(4).getUInt()};
    cursors.push_back({row.getColumn(1).getString(),
                       {source, Snapshot::parse(row.getColumn(5).getString())},
                       static_cast<EventId>(row.getColumn(6).getInt64()),
                       row.getColumn(0).getString()});
  }
  return cursors;
}

void name_only_source(SQLite::Database& database, const std::string& name) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  for (const auto* table : tables_of_sources) {
    SQLite::Statement update(database, std::string("UPDATE ") + table + " SET source = ? WHERE source = ''");
    update.bind(1, name);
    update.exec();
  }
  transaction.commit();
}

}  // namespace mailboat::consumer
