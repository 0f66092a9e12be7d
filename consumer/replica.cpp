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
PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = OFF;
PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = OFF
)sql";

// A copy of the file has another inode or another host, so a clone is never taken for the replica it was made
// from.
std::string identify(const std::string& path, const std::string& file_id) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) throw ReplicaUnavailable("cannot look at '" + path + "'");
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return file_id + '@' + host.data() + ':' + std::to_string(info.st_dev) + ':' + std::to_string(info.st_ino);
}

SQLite::Database open_database(const std::string& path) {
  try {
    return SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX);
  } catch (const SQLite::Exception& error) {
    throw ReplicaUnavailable("cannot open SQLite file '" + path + "': " + error.what());
  }
}

std::string describe(const Event& event) {
  return "event " + std::to_string(event.id) + " (op " + static_cast<char>(event.op) + ", topic " +
         std::string(event.topic) + ", transaction " + std::to_string(event.transaction) + ")";
}

}  // namespace

// Runs `work`, which touches no content that came from the source: whatever SQLite says is about the
// database.
template <typename Work>
auto Replica::on_database(const char* what, const Work& work) {
  try {
    return work();
  } catch (const SQLite::Exception& error) {
    throw ReplicaUnavailable(std::string("cannot ") + what + " in SQLite file '" + database_.getFilename() +
                             "': " + error.what());
  }
}

// Runs `work`, which writes `what` came from the source: SQLite's answer may be about that, or about the
// database.
template <typename Work>
void Replica::on_content(const std::string& what, const Work& work) {
  try {
    work();
  } catch (const InvalidInput& error) {
    throw EventRefused(what + " cannot be applied: " + error.what());
  } catch (const SQLite::Exception& error) {
    if (is_about_event(error.getExtendedErrorCode())) {
      throw EventRefused(what + " cannot be applied: SQLite says: " + error.what());
    }
    throw ReplicaUnavailable("cannot write to SQLite file '" + database_.getFilename() +
                             "': " + error.what());
  }
}

Replica::Replica(const std::string& path, const std::string& subscription)
    : lock_(path + "-lock", "another mailboat-consumer is writing '" + path +
                                "'. One SQLite file has one consumer: stop the other one first"),
      database_(open_database(path)),
      bookkeeping_(database_),
      subscription_(subscription) {
  try {
    if (database_.execAndGet("PRAGMA journal_mode = WAL").getString() != "wal") {
      throw Fatal("SQLite cannot use its WAL mode for '" + path + "'. Put the file on a local disk");
    }
    database_.exec(pragmas);
    bookkeeping_.create_tables();
    identity_ = identify(path, bookkeeping_.file_id());
    read_cursor();
    read_relations();
  } catch (const SQLite::Exception& error) {
    if (error.getErrorCode() == SQLITE_NOTADB) {
      throw Fatal("'" + path + "' is not a SQLite database. Give --database another path");
    }
    throw ReplicaUnavailable("cannot use SQLite file '" + path + "': " + error.what());
  }
}

void Replica::read_cursor() {
  const auto stored = bookkeeping_.cursor();
  if (!stored) return;
  if (stored->subscription != subscription_) {
    throw Fatal("SQLite file '" + database_.getFilename() + "' belongs to subscription '" +
                stored->subscription + "', not to '" + subscription_ +
                "'. Check --subscription and --database");
  }
  cursor_ = stored->cursor;
  last_event_id_ = stored->last_event_id;
}

void Replica::read_relations() {
  tables_.clear();
  for (auto& stored : bookkeeping_.relations()) {
    auto relation = parse_relation(stored.topic, stored.description);
    const auto load = bookkeeping_.running_load(stored.topic);
    tables_[stored.topic] =
        Table{stored.event_id, std::move(relation), stored.table, nullptr, load ? load->since : 0};
  }
}

std::vector<LoadPosition> Replica::unfinished_loads() {
  return on_database("read the loads", [this] { return bookkeeping_.unfinished_loads(); });
}

void Replica::begin() {
  // IMMEDIATE: whoever else writes makes us wait here, and not in the middle of a window.
  on_database("begin a transaction",
              [this] { transaction_.emplace(database_, SQLite::TransactionBehavior::IMMEDIATE); });
  highest_event_id_ = last_event_id_;
  tables_changed_ = false;
  chunk_.reset();
}

void Replica::apply(const Event& event, const char* buffer_end) {
  try {
    if (event.op == Op::Relation) {
      apply_relation(event);
    } else {
      apply_change(event, buffer_end);
    }
  } catch (const std::exception&) {
    on_content(describe(event), [] { throw; });  // the description is made only where it is needed
  }
  highest_event_id_ = std::max(highest_event_id_, event.id);
}

// While a load runs, whatever an event writes is marked as written since it began, also where the event is
// older and its transaction committed late: end_load() must not take its row for one that is gone.
void Replica::apply_change(const Event& event, const char* buffer_end) {
  auto& table = table_for(event.topic);
  auto& writes = writer(table);
  const auto version = std::max(event.id, table.loading_since);
  switch (event.op) {
    case Op::Insert:
    case Op::Update:
      writes.upsert(version, event.payload, buffer_end);
      return;
    case Op::Delete:
      writes.remove(version, event.payload, buffer_end);
      return;
    case Op::Truncate:
      writes.truncate(version);
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
      "with "
      "--topics to leave it out");
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

std::vector<std::string> Replica::columns_of(const std::string& table) {
  std::vector<std::string> names;
  SQLite::Statement column(database_, "SELECT name FROM pragma_table_xinfo(?)");
  column.bind(1, table);
  while (column.executeStep()) names.push_back(column.getColumn(0).getString());
  return names;
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
    for (const auto& statement : alter_table(known->second.relation, relation, name, columns_of(name)))
      database_.exec(statement);
  }
  const auto loading_since = known != tables_.end() ? known->second.loading_since : 0;
  bookkeeping_.store(
      Bookkeeping::StoredRelation{std::string(event.topic), event.id, name, std::string(event.payload)});
  tables_changed_ = true;
  tables_.insert_or_assign(std::string(event.topic),
                           Table{event.id, std::move(relation), name, nullptr, loading_since});
}

void Replica::begin_load(const std::string& topic) {
  on_content("the load of " + topic, [&] {
    auto& table = table_for(topic);
    table.loading_since = writer(table).has_rows() ? highest_event_id_ + 1 : 0;
    bookkeeping_.begin_load(topic, table.loading_since);
  });
  tables_changed_ = true;
}

void Replica::apply(const LoadChunk& piece) {
  on_content("a loaded row of " + piece.topic, [&] {
    if (!chunk_) chunk_ = OpenChunk{bookkeeping_.next_chunk(), piece.topic};
    if (piece.rows.size() > 0) load_rows(piece);
    if (piece.ends_load) end_load(piece);
    bookkeeping_.store_progress(piece);
  });
}

void Replica::load_rows(const LoadChunk& piece) {
  auto& writes = writer(table_for(piece.topic));
  const auto& texts = piece.rows.texts();
  piece.rows.for_each([&](std::size_t, std::string_view row) {
    writes.load(chunk_->number, row, texts.data() + texts.size());
  });
}

void Replica::end_load(const LoadChunk& piece) {
  const auto load = bookkeeping_.running_load(piece.topic);
  if (!load || load->since == 0) return;
  auto& table = table_for(piece.topic);
  if (!piece.gives_up) writer(table).sweep(load->first_chunk, load->since);
  table.loading_since = 0;
  tables_changed_ = true;
}

// The heart of exactly-once: data and cursor become durable in one commit. Whatever is lost with a crash
// before it is sent again from the old cursor; whatever is sent again after it does not fit the new one and
// is dropped.
void Replica::commit(const Cursor& cursor) {
  on_database("commit a window", [&] {
    if (chunk_) bookkeeping_.store_chunk(chunk_->number, chunk_->topic, cursor.snapshot);
    bookkeeping_.store(Bookkeeping::StoredCursor{subscription_, cursor, highest_event_id_});
    transaction_->commit();
  });
  transaction_.reset();
  cursor_ = cursor;
  last_event_id_ = highest_event_id_;
}

void Replica::rollback() {
  for (auto& [topic, table] : tables_) table.writer.reset();
  transaction_.reset();
  if (tables_changed_) on_database("read the relations", [this] { read_relations(); });
  tables_changed_ = false;
}

}  // namespace mailboat::consumer
