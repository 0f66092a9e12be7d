#include "bench/sqlite_alone.hpp"

#include <memory>
#include <optional>
#include <sqlite3.h>

#include "bench/stopwatch.hpp"
#include "common/error.hpp"
#include "consumer/open_database.hpp"
#include "consumer/replica.hpp"
#include "consumer/table_schema.hpp"
#include "consumer/target_sql.hpp"

namespace mailboat::bench {
namespace {

using Kind = consumer::Value::Kind;

std::string upsert_statement(const consumer::Relation& relation) {
  const auto table = consumer::quote(consumer::table_name(relation));
  std::vector<std::string> names;
  std::vector<std::string> parameters;
  std::vector<std::string> assignments;
  const auto add = [&](std::string_view column, bool is_key) {
    const auto name = consumer::quote(column);
    names.push_back(name);
    parameters.emplace_back("?");
    if (!is_key) assignments.push_back(name + " = excluded." + name);
  };
  for (const auto& column : relation.columns) add(column.name, relation.is_key(column.name));
  add(consumer::version_column, false);
  return "INSERT INTO " + table + " (" + consumer::joined(names, ", ") + ") VALUES (" +
         consumer::joined(parameters, ", ") + ") ON CONFLICT (" + consumer::quoted_list(relation.key) +
         ") DO UPDATE SET " + consumer::joined(assignments, ", ") + " WHERE excluded." + names.back() +
         " >= " + table + '.' + names.back();
}

using Prepared = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

Prepared prepare(sqlite3* database, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (::sqlite3_prepare_v3(database, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
      SQLITE_OK) {
    throw Error(std::string("SQLite alone: ") + ::sqlite3_errmsg(database) + " in " + sql);
  }
  return {statement, ::sqlite3_finalize};
}

void bind(sqlite3_stmt* statement, int index, const consumer::Value& cell) {
  const auto size = static_cast<int>(cell.text.size());
  switch (cell.kind) {
    case Kind::Null:
      ::sqlite3_bind_null(statement, index);
      break;
    case Kind::Integer:
      ::sqlite3_bind_int64(statement, index, cell.integer);
      break;
    case Kind::Real:
      ::sqlite3_bind_double(statement, index, cell.real);
      break;
    case Kind::Text:
      ::sqlite3_bind_text(statement, index, cell.text.data(), size, SQLITE_STATIC);
      break;
    case Kind::Blob:
      ::sqlite3_bind_blob(statement, index, cell.text.data(), size, SQLITE_STATIC);
      break;
  }
}

void upsert_all(sqlite3_stmt* statement, const DecodedRows& rows) {
  const auto columns = static_cast<int>(rows.columns());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto* cells = rows.cells(row);
    for (int column = 0; column < columns; ++column) bind(statement, column + 1, cells[column]);
    ::sqlite3_bind_int64(statement, columns + 1, rows.id(row));
    if (::sqlite3_step(statement) != SQLITE_DONE) {
      throw Error(std::string("SQLite alone: ") + ::sqlite3_errmsg(::sqlite3_db_handle(statement)));
    }
    ::sqlite3_reset(statement);
  }
}

/// When a transaction has become visible, and before anything is checkpointed.
struct Commit {
  Stopwatch since_begin;
  std::optional<double> seconds;
};

int note_commit(void* commit, sqlite3* /*database*/, const char* /*name*/, int /*pages*/) {
  auto& noted = *static_cast<Commit*>(commit);
  noted.seconds = noted.since_begin.seconds();
  return SQLITE_OK;
}

}  // namespace

void make_replica(const std::filesystem::path& file, const Description& table) {
  consumer::Replica replica(consumer::Replica::Options{file.string(), "bench", {}});
  EventBatch description;
  description.add({1, 1, table.relation.topic, Op::Relation, table.payload});
  replica.begin();
  replica.apply(description);
  replica.commit({{1, 1, 1}, Snapshot(2, 2, {})});
}

double upsert_alone(const std::filesystem::path& file, const Description& table, const DecodedRows& rows) {
  make_replica(file, table);
  SQLite::Database database(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX);
  consumer::use_write_ahead_log(database);
  const auto statement = prepare(database.getHandle(), upsert_statement(table.relation));
  Commit commit;
  ::sqlite3_wal_hook(database.getHandle(), note_commit, &commit);
  database.exec("BEGIN IMMEDIATE");
  upsert_all(statement.get(), rows);
  database.exec("COMMIT");
  return commit.seconds.value();
}

}  // namespace mailboat::bench
