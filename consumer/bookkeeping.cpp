#include "consumer/bookkeeping.hpp"

#include <limits>

#include "common/error.hpp"

namespace mailboat::consumer {
namespace {

constexpr auto tables = R"sql(
CREATE TABLE IF NOT EXISTS _mailboat_replica (id TEXT NOT NULL, format INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS _mailboat_retry (number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS _mailboat_cursor (
  subscription TEXT PRIMARY KEY, system_identifier TEXT NOT NULL, database_oid INTEGER NOT NULL,
  timeline INTEGER NOT NULL, snapshot TEXT NOT NULL, last_event_id INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS _mailboat_relation (
  topic TEXT PRIMARY KEY, event_id INTEGER NOT NULL, description TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS _mailboat_tombstone (
  table_name TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (table_name, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _mailboat_load (
  topic TEXT PRIMARY KEY, rows INTEGER NOT NULL, finished INTEGER NOT NULL, since INTEGER NOT NULL,
  first_chunk INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS _mailboat_load_key (
  topic TEXT NOT NULL, position INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (topic, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _mailboat_load_chunk (
  chunk INTEGER PRIMARY KEY, topic TEXT NOT NULL, snapshot TEXT NOT NULL);
)sql";

// Of the tables above. An older mailboat must not write what it does not understand.
constexpr int file_format = 1;

}  // namespace

void Bookkeeping::create_tables() {
  SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
  database_.exec(tables);
  if (database_.execAndGet("SELECT count(*) FROM _mailboat_replica").getInt() == 0) {
    SQLite::Statement insert(database_,
                             "INSERT INTO _mailboat_replica VALUES (lower(hex(randomblob(16))), ?)");
    insert.bind(1, file_format);
    insert.exec();
  }
  if (database_.execAndGet("SELECT max(format) FROM _mailboat_replica").getInt() > file_format) {
    throw Fatal("SQLite file '" + database_.getFilename() +
                "' was written by a newer mailboat. Upgrade this one");
  }
  transaction.commit();
}

std::string Bookkeeping::file_id() {
  return database_.execAndGet("SELECT id FROM _mailboat_replica").getString();
}

std::uint64_t Bookkeeping::retries() {
  return static_cast<std::uint64_t>(
      database_.execAndGet("SELECT coalesce(max(number), 0) FROM _mailboat_retry").getInt64());
}

void Bookkeeping::count_retry() {
  if (database_.exec("UPDATE _mailboat_retry SET number = number + 1") == 0) {
    database_.exec("INSERT INTO _mailboat_retry VALUES (1)");
  }
}

std::optional<StoredCursor> Bookkeeping::cursor() {
  SQLite::Statement row(
      database_,
      "SELECT subscription, system_identifier, database_oid, timeline, snapshot, last_event_id"
      " FROM _mailboat_cursor");
  if (!row.executeStep()) return std::nullopt;
  const SourceIdentity source{std::stoull(row.getColumn(1).getString()), row.getColumn(2).getUInt(),
                              row.getColumn(3).getUInt()};
  return StoredCursor{row.getColumn(0).getString(),
                      {source, Snapshot::parse(row.getColumn(4).getString())},
                      static_cast<EventId>(row.getColumn(5).getInt64())};
}

void Bookkeeping::store(const StoredCursor& stored) {
  SQLite::Statement store(
      database_,
      "INSERT INTO _mailboat_cursor VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (subscription) DO UPDATE SET"
      " system_identifier = excluded.system_identifier, database_oid = excluded.database_oid,"
      " timeline = excluded.timeline, snapshot = excluded.snapshot, last_event_id = excluded.last_event_id");
  const auto& source = stored.cursor.source;
  store.bind(1, stored.subscription);
  store.bind(2, std::to_string(source.system_identifier));  // SQLite's integers are signed
  store.bind(3, source.database_oid);
  store.bind(4, source.timeline);
  store.bind(5, stored.cursor.snapshot.to_string());
  store.bind(6, static_cast<std::int64_t>(stored.last_event_id));
  store.exec();
}

std::vector<Bookkeeping::StoredRelation> Bookkeeping::relations() {
  std::vector<StoredRelation> relations;
  SQLite::Statement row(database_, "SELECT topic, event_id, description FROM _mailboat_relation");
  while (row.executeStep()) {
    relations.push_back({row.getColumn(0).getString(), static_cast<EventId>(row.getColumn(1).getInt64()),
                         row.getColumn(2).getString()});
  }
  return relations;
}

void Bookkeeping::store(const StoredRelation& relation) {
  SQLite::Statement store(database_,
                          "INSERT INTO _mailboat_relation (topic, event_id, description)"
                          " VALUES (?, ?, ?) ON CONFLICT (topic) DO UPDATE SET event_id = excluded.event_id,"
                          " description = excluded.description");
  store.bind(1, relation.topic);
  store.bind(2, static_cast<std::int64_t>(relation.event_id));
  store.bind(3, relation.description);
  store.exec();
}

std::vector<std::string> Bookkeeping::topics_without_load() {
  std::vector<std::string> names;
  SQLite::Statement row(database_,
                        "SELECT topic FROM _mailboat_relation"
                        " WHERE topic NOT IN (SELECT topic FROM _mailboat_load) ORDER BY topic");
  while (row.executeStep()) names.push_back(row.getColumn(0).getString());
  return names;
}

bool Bookkeeping::has_load(const std::string& topic) {
  SQLite::Statement row(database_, "SELECT 1 FROM _mailboat_load WHERE topic = ?");
  row.bind(1, topic);
  return row.executeStep();
}

std::vector<LoadPosition> Bookkeeping::unfinished_loads() {
  std::vector<LoadPosition> loads;
  SQLite::Statement load(database_,
                         "SELECT topic, rows FROM _mailboat_load WHERE NOT finished ORDER BY rowid");
  SQLite::Statement key(database_, "SELECT value FROM _mailboat_load_key WHERE topic = ? ORDER BY position");
  while (load.executeStep()) {
    loads.push_back(
        {load.getColumn(0).getString(), {}, static_cast<std::uint64_t>(load.getColumn(1).getInt64())});
    key.bind(1, loads.back().topic);
    while (key.executeStep()) loads.back().last_key.push_back(key.getColumn(0).getString());
    key.reset();
  }
  return loads;
}

void Bookkeeping::begin_load(const std::string& topic, EventId since) {
  SQLite::Statement key(database_, "DELETE FROM _mailboat_load_key WHERE topic = ?");
  key.bind(1, topic);
  key.exec();
  SQLite::Statement load(database_,
                         "INSERT INTO _mailboat_load (topic, rows, finished, since, first_chunk)"
                         " VALUES (?, 0, FALSE, ?, ?) ON CONFLICT (topic) DO UPDATE SET rows = 0,"
                         " finished = FALSE, since = excluded.since, first_chunk = excluded.first_chunk");
  load.bind(1, topic);
  load.bind(2, static_cast<std::int64_t>(since));
  load.bind(3, next_chunk());
  load.exec();
}

std::optional<Bookkeeping::LoadSpan> Bookkeeping::running_load(const std::string& topic) {
  SQLite::Statement load(database_,
                         "SELECT since, first_chunk FROM _mailboat_load WHERE topic = ? AND NOT finished");
  load.bind(1, topic);
  if (!load.executeStep()) return std::nullopt;
  return LoadSpan{static_cast<EventId>(load.getColumn(0).getInt64()), load.getColumn(1).getInt64()};
}

void Bookkeeping::store_progress(const LoadChunk& piece) {
  SQLite::Statement load(database_,
                         "UPDATE _mailboat_load SET rows = rows + ?, finished = ? WHERE topic = ?");
  load.bind(1, static_cast<std::int64_t>(piece.rows.size()));
  load.bind(2, piece.ends_load ? 1 : 0);
  load.bind(3, piece.topic);
  load.exec();
  if (piece.ends_chunk) store_last_key(piece);
  if (piece.gives_up) forget_beginning(piece.topic);
}

void Bookkeeping::store_finished_load(const std::string& topic, std::uint64_t rows,
                                      std::int64_t first_chunk) {
  SQLite::Statement load(database_,
                         "INSERT INTO _mailboat_load (topic, rows, finished, since, first_chunk)"
                         " VALUES (?, ?, TRUE, 0, ?) ON CONFLICT (topic) DO UPDATE SET rows = excluded.rows,"
                         " finished = TRUE, since = 0, first_chunk = excluded.first_chunk");
  load.bind(1, topic);
  load.bind(2, static_cast<std::int64_t>(rows));
  load.bind(3, first_chunk);
  load.exec();
}

// The rest of the table will not come, so nothing can be taken for a part of this load any more.
void Bookkeeping::forget_beginning(const std::string& topic) {
  SQLite::Statement load(database_, "UPDATE _mailboat_load SET first_chunk = ? WHERE topic = ?");
  load.bind(1, std::numeric_limits<std::int64_t>::max());
  load.bind(2, topic);
  load.exec();
}

void Bookkeeping::store_last_key(const LoadChunk& piece) {
  SQLite::Statement key(database_,
                        "INSERT INTO _mailboat_load_key (topic, position, value) VALUES (?, ?, ?)"
                        " ON CONFLICT (topic, position) DO UPDATE SET value = excluded.value");
  for (std::size_t i = 0; i < piece.last_key.size(); ++i) {
    key.bind(1, piece.topic);
    key.bind(2, static_cast<std::int64_t>(i));
    key.bind(3, piece.last_key[i]);
    key.exec();
    key.reset();
  }
}

std::int64_t Bookkeeping::next_chunk() {
  return database_.execAndGet("SELECT coalesce(max(chunk), 0) + 1 FROM _mailboat_load_chunk").getInt64();
}

void Bookkeeping::store_chunk(std::int64_t chunk, const std::string& topic, const Snapshot& snapshot) {
  SQLite::Statement store(database_,
                          "INSERT INTO _mailboat_load_chunk (chunk, topic, snapshot) VALUES (?, ?, ?)");
  store.bind(1, chunk);
  store.bind(2, topic);
  store.bind(3, snapshot.to_string());
  store.exec();
}

Snapshot Bookkeeping::chunk_snapshot(std::int64_t chunk) {
  SQLite::Statement row(database_, "SELECT snapshot FROM _mailboat_load_chunk WHERE chunk = ?");
  row.bind(1, chunk);
  if (row.executeStep()) return Snapshot::parse(row.getColumn(0).getString());
  throw InvalidInput("the row there comes from load chunk " + std::to_string(chunk) +
                     ", which _mailboat_load_chunk does not list: it cannot be told which of both is newer");
}

bool Bookkeeping::load_brings(const std::string& topic, TransactionId transaction) {
  SQLite::Statement load(database_,
                         "SELECT finished, (SELECT c.snapshot FROM _mailboat_load_chunk c WHERE c.topic = "
                         "l.topic AND c.chunk >= l.first_chunk ORDER BY c.chunk LIMIT 1)"
                         " FROM _mailboat_load l WHERE topic = ?");
  load.bind(1, topic);
  if (!load.executeStep()) return false;
  if (load.getColumn(1).isNull()) return load.getColumn(0).getInt() == 0;
  return Snapshot::parse(load.getColumn(1).getString()).covers(transaction);
}

// Chunks are numbered as their snapshots were taken, so what one does not cover, no earlier one does.
std::int64_t Bookkeeping::last_chunk_before(TransactionId transaction) {
  SQLite::Statement row(database_, "SELECT chunk, snapshot FROM _mailboat_load_chunk ORDER BY chunk DESC");
  while (row.executeStep()) {
    if (!Snapshot::parse(row.getColumn(1).getString()).covers(transaction))
      return row.getColumn(0).getInt64();
  }
  return 0;
}

}  // namespace mailboat::consumer
