#include "consumer/load_book.hpp"

#include <limits>

#include "common/error.hpp"

namespace mailboat::consumer {

bool LoadBook::has_load(const std::string& topic) {
  SQLite::Statement row(database_, "SELECT 1 FROM _mailboat_load WHERE source = ? AND topic = ?");
  row.bind(1, source_);
  row.bind(2, topic);
  return row.executeStep();
}

std::vector<LoadPosition> LoadBook::unfinished_loads() {
  std::vector<LoadPosition> loads;
  SQLite::Statement load(
      database_, "SELECT topic, rows FROM _mailboat_load WHERE source = ? AND NOT finished ORDER BY rowid");
  SQLite::Statement key(
      database_, "SELECT value FROM _mailboat_load_key WHERE source = ? AND topic = ? ORDER BY position");
  load.bind(1, source_);
  key.bind(1, source_);
  while (load.executeStep()) {
    loads.push_back(
        {load.getColumn(0).getString(), {}, static_cast<std::uint64_t>(load.getColumn(1).getInt64())});
    key.bind(2, loads.back().topic);
    while (key.executeStep()) loads.back().last_key.push_back(key.getColumn(0).getString());
    key.reset();
  }
  return loads;
}

void LoadBook::begin_load(const std::string& topic, EventId since) {
  SQLite::Statement key(database_, "DELETE FROM _mailboat_load_key WHERE source = ? AND topic = ?");
  key.bind(1, source_);
  key.bind(2, topic);
  key.exec();
  SQLite::Statement load(database_,
                         "INSERT INTO _mailboat_load (source, topic, rows, finished, since, first_chunk)"
                         " VALUES (?, ?, 0, FALSE, ?, ?) ON CONFLICT (source, topic) DO UPDATE SET rows = 0,"
                         " finished = FALSE, since = excluded.since, first_chunk = excluded.first_chunk");
  load.bind(1, source_);
  load.bind(2, topic);
  load.bind(3, static_cast<std::int64_t>(since));
  load.bind(4, next_chunk());
  load.exec();
}

std::optional<LoadBook::LoadSpan> LoadBook::running_load(const std::string& topic) {
  SQLite::Statement load(database_,
                         "SELECT since, first_chunk FROM _mailboat_load"
                         " WHERE source = ? AND topic = ? AND NOT finished");
  load.bind(1, source_);
  load.bind(2, topic);
  if (!load.executeStep()) return std::nullopt;
  return LoadSpan{static_cast<EventId>(load.getColumn(0).getInt64()), load.getColumn(1).getInt64()};
}

void LoadBook::store_progress(const LoadChunk& piece) {
  SQLite::Statement load(
      database_, "UPDATE _mailboat_load SET rows = rows + ?, finished = ? WHERE source = ? AND topic = ?");
  load.bind(1, static_cast<std::int64_t>(piece.rows.size()));
  load.bind(2, piece.ends_load ? 1 : 0);
  load.bind(3, source_);
  load.bind(4, piece.topic);
  load.exec();
  if (piece.ends_chunk) store_last_key(piece);
  if (piece.gives_up) forget_beginning(piece.topic);
}

void LoadBook::abandon_load(const std::string& topic) {
  if (!running_load(topic)) return;
  SQLite::Statement load(database_,
                         "UPDATE _mailboat_load SET finished = TRUE WHERE source = ? AND topic = ?");
  load.bind(1, source_);
  load.bind(2, topic);
  load.exec();
  forget_beginning(topic);
}

void LoadBook::rename_loads(const std::string& from, const std::string& to) {
  for (const auto* table : {"_mailboat_load", "_mailboat_load_key", "_mailboat_load_chunk"}) {
    SQLite::Statement rename(
        database_, std::string("UPDATE ") + table + " SET topic = ? WHERE source = ? AND topic = ?");
    rename.bind(1, to);
    rename.bind(2, source_);
    rename.bind(3, from);
    rename.exec();
  }
}

void LoadBook::forget_loads_of(const std::string& topic) {
  for (const auto* sql : {"DELETE FROM _mailboat_load WHERE source = ? AND topic = ?",
                          "DELETE FROM _mailboat_load_key WHERE source = ? AND topic = ?",
                          "UPDATE _mailboat_load_chunk SET topic = '' WHERE source = ? AND topic = ?"}) {
    SQLite::Statement forget(database_, sql);
    forget.bind(1, source_);
    forget.bind(2, topic);
    forget.exec();
  }
}

void LoadBook::store_finished_load(const std::string& topic, std::uint64_t rows, std::int64_t first_chunk) {
  SQLite::Statement load(
      database_,
      "INSERT INTO _mailboat_load (source, topic, rows, finished, since, first_chunk)"
      " VALUES (?, ?, ?, TRUE, 0, ?) ON CONFLICT (source, topic) DO UPDATE SET rows = excluded.rows,"
      " finished = TRUE, since = 0, first_chunk = excluded.first_chunk");
  load.bind(1, source_);
  load.bind(2, topic);
  load.bind(3, static_cast<std::int64_t>(rows));
  load.bind(4, first_chunk);
  load.exec();
}

// The rest of the table will not come, so nothing can be taken for a part of this load any more.
void LoadBook::forget_beginning(const std::string& topic) {
  SQLite::Statement load(database_,
                         "UPDATE _mailboat_load SET first_chunk = ? WHERE source = ? AND topic = ?");
  load.bind(1, std::numeric_limits<std::int64_t>::max());
  load.bind(2, source_);
  load.bind(3, topic);
  load.exec();
}

void LoadBook::store_last_key(const LoadChunk& piece) {
  SQLite::Statement key(database_,
                        "INSERT INTO _mailboat_load_key (source, topic, position, value) VALUES (?, ?, ?, ?)"
                        " ON CONFLICT (source, topic, position) DO UPDATE SET value = excluded.value");
  for (std::size_t i = 0; i < piece.last_key.size(); ++i) {
    key.bind(1, source_);
    key.bind(2, piece.topic);
    key.bind(3, static_cast<std::int64_t>(i));
    key.bind(4, piece.last_key[i]);
    key.exec();
    key.reset();
  }
}

std::int64_t LoadBook::next_chunk() {
  return database_.execAndGet("SELECT coalesce(max(chunk), 0) + 1 FROM _mailboat_load_chunk").getInt64();
}

void LoadBook::store_chunk(std::int64_t chunk, const std::string& topic, const Snapshot& snapshot) {
  SQLite::Statement store(
      database_, "INSERT INTO _mailboat_load_chunk (chunk, source, topic, snapshot) VALUES (?, ?, ?, ?)");
  store.bind(1, chunk);
  store.bind(2, source_);
  store.bind(3, topic);
  store.bind(4, snapshot.to_string());
  store.exec();
}

Snapshot LoadBook::chunk_snapshot(std::int64_t chunk) {
  SQLite::Statement row(database_,
                        "SELECT snapshot FROM _mailboat_load_chunk WHERE chunk = ? AND source = ?");
  row.bind(1, chunk);
  row.bind(2, source_);
  if (row.executeStep()) return Snapshot::parse(row.getColumn(0).getString());
  throw InvalidInput("the row there comes from load chunk " + std::to_string(chunk) +
                     ", which _mailboat_load_chunk does not list: it cannot be told which of both is newer");
}

bool LoadBook::load_brings(const std::string& topic, TransactionId transaction) {
  SQLite::Statement load(
      database_,
      "SELECT finished, (SELECT c.snapshot FROM _mailboat_load_chunk c WHERE c.source = "
      "l.source AND c.topic = l.topic AND c.chunk >= l.first_chunk ORDER BY c.chunk LIMIT 1)"
      " FROM _mailboat_load l WHERE source = ? AND topic = ?");
  load.bind(1, source_);
  load.bind(2, topic);
  if (!load.executeStep()) return false;
  if (load.getColumn(1).isNull()) return load.getColumn(0).getInt() == 0;
  return Snapshot::parse(load.getColumn(1).getString()).covers(transaction);
}

// A source's chunks are numbered as their snapshots were taken, so what one does not cover, no earlier one
// does.
std::int64_t LoadBook::last_chunk_before(TransactionId transaction) {
  SQLite::Statement row(database_,
                        "SELECT chunk, snapshot FROM _mailboat_load_chunk WHERE source = ?"
                        " ORDER BY chunk DESC");
  row.bind(1, source_);
  while (row.executeStep()) {
    if (!Snapshot::parse(row.getColumn(1).getString()).covers(transaction))
      return row.getColumn(0).getInt64();
  }
  return 0;
}

}  // namespace mailboat::consumer
