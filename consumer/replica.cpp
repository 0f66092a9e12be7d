#include "consumer/replica.hpp"

#include <algorithm>
#include <array>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "consumer/storage_error.hpp"
#include "consumer/table_schema.hpp"

namespace mailboat::consumer {
namespace {

// WAL with synchronous = NORMAL: after a power cut an older state comes back together with its older cursor,
// and the producer sends the rest again. Source: SQLite, "Write-Ahead Logging", 2. journal_size_limit gives
// the disk back after a large window. A writer of the user's may hold the file for as long as busy_timeout
// before we give way and retry.
constexpr auto pragmas = R"sql(
PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = OFF;
PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = OFF
)sql";

constexpr auto own_tables = R"sql(
CREATE TABLE IF NOT EXISTS _mailboat_replica (id TEXT NOT NULL, format INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS _mailboat_cursor (
  subscription TEXT PRIMARY KEY, system_identifier TEXT NOT NULL, database_oid INTEGER NOT NULL,
  timeline INTEGER NOT NULL, snapshot TEXT NOT NULL, last_event_id INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS _mailboat_relation (
  topic TEXT PRIMARY KEY, event_id INTEGER NOT NULL, table_name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  description TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS _mailboat_tombstone (
  table_name TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (table_name, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _mailboat_load (topic TEXT PRIMARY KEY, rows INTEGER NOT NULL, finished INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS _mailboat_load_key (
  topic TEXT NOT NULL, position INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (topic, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _mailboat_load_chunk (
  chunk INTEGER PRIMARY KEY, topic TEXT NOT NULL, snapshot TEXT NOT NULL);
)sql";

// Of the tables above. A newer one is refused: an older mailboat must not write what it does not understand.
constexpr int file_format = 1;

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

// A copy of the file has another inode or another host, so a clone is never taken for the replica it was made
// from.
std::string file_identity(const std::string& path, const std::string& id) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) throw ReplicaUnavailable("cannot look at '" + path + "'");
  return id + '@' + host_name() + ':' + std::to_string(info.st_dev) + ':' + std::to_string(info.st_ino);
}

SQLite::Database open_database(const std::string& path) {
  try {
    return SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX);
  } catch (const SQLite::Exception& error) {
    throw ReplicaUnavailable("cannot open SQLite file '" + path + "': " + error.what());
  }
}

// Runs `work`; what SQLite says against the database as a whole becomes ReplicaUnavailable.
template <typename Work>
auto on_database(const SQLite::Database& database, const char* what, const Work& work) {
  try {
    return work();
  } catch (const SQLite::Exception& error) {
    throw ReplicaUnavailable(std::string("cannot ") + what + " in SQLite file '" + database.getFilename() +
                             "': " + error.what());
  }
}

std::string describe(const Event& event) {
  return "event " + std::to_string(event.id) + " (op " + static_cast<char>(event.op) + ", topic " +
         std::string(event.topic) + ", transaction " + std::to_string(event.transaction) + ")";
}

}  // namespace

Replica::Replica(const std::string& path, const std::string& subscription)
    : lock_(path + "-lock", "another mailboat-consumer is writing '" + path +
                                "'. One SQLite file has one consumer: stop the other one first"),
      database_(open_database(path)),
      subscription_(subscription) {
  try {
    configure();
    create_own_tables();
    read_state(subscription);
    read_relations();
  } catch (const SQLite::Exception& error) {
    if (error.getErrorCode() == SQLITE_NOTADB) {
      throw Fatal("'" + path + "' is not a SQLite database. Give --database another path");
    }
    throw ReplicaUnavailable("cannot use SQLite file '" + path + "': " + error.what());
  }
  identity_ = file_identity(path, identity_);
}

void Replica::configure() { database_.exec(pragmas); }

void Replica::create_own_tables() {
  SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
  database_.exec(own_tables);
  if (database_.execAndGet("SELECT count(*) FROM _mailboat_replica").getInt() == 0) {
    SQLite::Statement insert(database_,
                             "INSERT INTO _mailboat_replica VALUES (lower(hex(randomblob(16))), ?)");
    insert.bind(1, file_format);
    insert.exec();
  }
  transaction.commit();
}

void Replica::read_state(const std::string& subscription) {
  SQLite::Statement replica(database_, "SELECT id, format FROM _mailboat_replica");
  replica.executeStep();
  identity_ = replica.getColumn(0).getString();
  if (replica.getColumn(1).getInt() > file_format) {
    throw Fatal("SQLite file '" + database_.getFilename() +
                "' was written by a newer mailboat. Upgrade this one");
  }
  SQLite::Statement row(
      database_,
      "SELECT subscription, system_identifier, database_oid, timeline, snapshot, last_event_id"
      " FROM _mailboat_cursor");
  if (!row.executeStep()) return;
  if (row.getColumn(0).getString() != subscription) {
    throw Fatal("SQLite file '" + database_.getFilename() + "' belongs to subscription '" +
                row.getColumn(0).getString() + "', not to '" + subscription +
                "'. Check --subscription and --database");
  }
  cursor_ = Cursor{
      {std::stoull(row.getColumn(1).getString()), row.getColumn(2).getUInt(), row.getColumn(3).getUInt()},
      Snapshot::parse(row.getColumn(4).getString())};
  last_event_id_ = static_cast<EventId>(row.getColumn(5).getInt64());
}

void Replica::read_relations() {
  tables_.clear();
  SQLite::Statement rows(database_,
                         "SELECT topic, event_id, table_name, description FROM _mailboat_relation");
  while (rows.executeStep()) {
    const auto topic = rows.getColumn(0).getString();
    tables_[topic] =
        Table{static_cast<EventId>(rows.getColumn(1).getInt64()),
              parse_relation(topic, rows.getColumn(3).getString()), rows.getColumn(2).getString(), nullptr};
  }
}

std::vector<LoadPosition> Replica::unfinished_loads() {
  return on_database(database_, "read the loads", [this] {
    std::vector<LoadPosition> loads;
    SQLite::Statement load(database_,
                           "SELECT topic, rows FROM _mailboat_load WHERE NOT finished ORDER BY rowid");
    SQLite::Statement key(database_,
                          "SELECT value FROM _mailboat_load_key WHERE topic = ? ORDER BY position");
    while (load.executeStep()) {
      loads.push_back(
          {load.getColumn(0).getString(), {}, static_cast<std::uint64_t>(load.getColumn(1).getInt64())});
      key.bind(1, loads.back().topic);
      while (key.executeStep()) loads.back().last_key.push_back(key.getColumn(0).getString());
      key.reset();
    }
    return loads;
  });
}

void Replica::begin() {
  // IMMEDIATE: whoever else writes makes us wait here, and not in the middle of a window.
  on_database(database_, "begin a transaction",
              [this] { transaction_.emplace(database_, SQLite::TransactionBehavior::IMMEDIATE); });
  transaction_last_event_id_ = last_event_id_;
  relations_changed_ = false;
  open_chunk_.reset();
}

void Replica::apply(const Event& event, const char* buffer_end) {
  try {
    if (event.op == Op::Relation) {
      apply_relation(event);
    } else {
      apply_change(event, buffer_end);
    }
  } catch (const InvalidInput& error) {
    throw EventRefused(describe(event) + " cannot be applied: " + error.what());
  } catch (const SQLite::Exception& error) {
    const auto refused = describe(event) + " cannot be applied: SQLite says: " + error.what();
    if (is_about_event(error.getExtendedErrorCode())) throw EventRefused(refused);
    throw ReplicaUnavailable("cannot write to SQLite file '" + database_.getFilename() +
                             "': " + error.what());
  }
  transaction_last_event_id_ = std::max(transaction_last_event_id_, event.id);
}

void Replica::apply_change(const Event& event, const char* buffer_end) {
  auto& writes = writer(table_for(event.topic));
  switch (event.op) {
    case Op::Insert:
    case Op::Update:
      writes.upsert(event.id, event.payload, buffer_end);
      return;
    case Op::Delete:
      writes.remove(event.id, event.payload, buffer_end);
      return;
    case Op::Truncate:
      writes.truncate(event.id);
      return;
    case Op::Relation:
      return;
  }
}

Replica::Table& Replica::table_for(std::string_view topic) {
  const auto found = tables_.find(topic);
  if (found != tables_.end()) return found->second;
  throw InvalidInput(
      "there is no table for its topic: it was not tracked, or was published by an application. Subscribe "
      "with --topics "
      "to leave it out");
}

TableWriter& Replica::writer(Table& table) {
  if (!table.writer) table.writer = std::make_unique<TableWriter>(database_, table.relation, table.name);
  return *table.writer;
}

bool Replica::table_exists(const std::string& name) {
  SQLite::Statement found(database_, "SELECT count(*) FROM sqlite_master WHERE name = ? COLLATE NOCASE");
  found.bind(1, name);
  found.executeStep();
  return found.getColumn(0).getInt() > 0;
}

// At the start of each session the producer repeats the relations that the cursor has already seen, so the
// same R event may come any number of times, and must only count once.
void Replica::apply_relation(const Event& event) {
  auto relation = parse_relation(event.topic, event.payload);
  const auto known = tables_.find(event.topic);
  if (known != tables_.end() && event.id <= known->second.relation_id) return;

  const auto name = known != tables_.end() ? known->second.name : table_name(relation);
  if (known == tables_.end()) {
    if (table_exists(name)) {
      throw InvalidInput("SQLite table '" + name +
                         "' exists already and was not made for this topic. Rename or drop that table");
    }
    database_.exec(create_table(relation, name));
  } else {
    known->second.writer.reset();  // its statements would keep the table from being altered
    for (const auto& statement : alter_table(known->second.relation, relation, name))
      database_.exec(statement);
  }
  store_relation(event, name);
  relations_changed_ = true;
  tables_.insert_or_assign(std::string(event.topic), Table{event.id, std::move(relation), name, nullptr});
}

void Replica::store_relation(const Event& event, const std::string& table) {
  SQLite::Statement insert(
      database_,
      "INSERT INTO _mailboat_relation (topic, event_id, table_name, description) VALUES (?, ?, ?, ?)"
      " ON CONFLICT (topic) DO UPDATE SET event_id = excluded.event_id,"
      " description = excluded.description");
  insert.bind(1, std::string(event.topic));
  insert.bind(2, static_cast<std::int64_t>(event.id));
  insert.bind(3, table);
  insert.bind(4, std::string(event.payload));
  insert.exec();
}

void Replica::begin_load(const std::string& topic) {
  on_database(database_, "begin a load", [&] {
    SQLite::Statement key(database_, "DELETE FROM _mailboat_load_key WHERE topic = ?");
    key.bind(1, topic);
    key.exec();
    SQLite::Statement load(database_,
                           "INSERT INTO _mailboat_load (topic, rows, finished) VALUES (?, 0, FALSE)"
                           " ON CONFLICT (topic) DO UPDATE SET rows = 0, finished = FALSE");
    load.bind(1, topic);
    load.exec();
  });
}

void Replica::apply(const LoadChunk& piece) {
  if (!open_chunk_) {
    open_chunk_ = on_database(database_, "number a load chunk", [this] {
      return database_.execAndGet("SELECT coalesce(max(chunk), 0) + 1 FROM _mailboat_load_chunk").getInt64();
    });
    open_chunk_topic_ = piece.topic;
  }
  try {
    if (piece.rows.size() > 0) {
      auto& writes = writer(table_for(piece.topic));
      const auto& texts = piece.rows.texts();
      piece.rows.for_each([&](std::size_t, std::string_view row) {
        writes.load(*open_chunk_, row, texts.data() + texts.size());
      });
    }
    store_load_position(piece);
  } catch (const InvalidInput& error) {
    throw EventRefused("a row of " + piece.topic + " cannot be loaded: " + error.what());
  } catch (const SQLite::Exception& error) {
    const auto message = "a row of " + piece.topic + " cannot be loaded: SQLite says: " + error.what();
    if (is_about_event(error.getExtendedErrorCode())) throw EventRefused(message);
    throw ReplicaUnavailable(message);
  }
}

void Replica::store_load_position(const LoadChunk& piece) {
  SQLite::Statement load(database_,
                         "UPDATE _mailboat_load SET rows = rows + ?, finished = ? WHERE topic = ?");
  load.bind(1, static_cast<std::int64_t>(piece.rows.size()));
  load.bind(2, piece.ends_load ? 1 : 0);
  load.bind(3, piece.topic);
  load.exec();
  if (!piece.ends_chunk) return;
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

void Replica::store_chunk_snapshot(const Snapshot& snapshot) {
  SQLite::Statement chunk(database_,
                          "INSERT INTO _mailboat_load_chunk (chunk, topic, snapshot) VALUES (?, ?, ?)");
  chunk.bind(1, *open_chunk_);
  chunk.bind(2, open_chunk_topic_);
  chunk.bind(3, snapshot.to_string());
  chunk.exec();
}

// The heart of exactly-once: data and cursor become durable in one commit. Whatever is lost with a crash
// before it is sent again from the old cursor; whatever is sent again after it does not fit the new one and
// is dropped.
void Replica::commit(const Cursor& cursor) {
  on_database(database_, "commit a window", [&] {
    if (open_chunk_) store_chunk_snapshot(cursor.snapshot);
    SQLite::Statement store(
        database_,
        "INSERT INTO _mailboat_cursor VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (subscription) DO UPDATE SET"
        " system_identifier = excluded.system_identifier, database_oid = excluded.database_oid,"
        " timeline = excluded.timeline, snapshot = excluded.snapshot, last_event_id = "
        "excluded.last_event_id");
    store.bind(1, subscription_);
    store.bind(2, std::to_string(cursor.source.system_identifier));
    store.bind(3, cursor.source.database_oid);
    store.bind(4, cursor.source.timeline);
    store.bind(5, cursor.snapshot.to_string());
    store.bind(6, static_cast<std::int64_t>(transaction_last_event_id_));
    store.exec();
    transaction_->commit();
  });
  transaction_.reset();
  cursor_ = cursor;
  last_event_id_ = transaction_last_event_id_;
}

void Replica::rollback() {
  for (auto& [topic, table] : tables_) table.writer.reset();
  transaction_.reset();
  if (relations_changed_) on_database(database_, "read the relations", [this] { read_relations(); });
  relations_changed_ = false;
}

}  // namespace mailboat::consumer
