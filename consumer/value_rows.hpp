#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <span>

#include "consumer/row_decoder.hpp"

struct sqlite3_stmt;

namespace mailboat::consumer {

/// A decoded row on its way to SQLite; its values live elsewhere.
struct ValueRow {
  std::span<const Value> values;
  std::int64_t version = 0;
};

/// More values than this SQL cannot read of a row.
constexpr std::size_t most_values_of_row = 256;

/// Makes rows in memory readable by this connection's SQL: `SELECT version, c0, c1 FROM _mailboat_rows(?)`.
/// Not by triggers or views. Source: SQLite, "The Virtual Table Mechanism Of SQLite", 1.2 "Table-valued
/// functions".
void enable_value_rows(SQLite::Database& database);

/// What such a `?` stands for. `rows`, and what it refers to, must live until the statement has been reset.
/// Returns SQLite's code. Source: SQLite, "Pointer Passing Interfaces".
int bind_rows(sqlite3_stmt* statement, int index, std::span<const ValueRow>& rows);

}  // namespace mailboat::consumer
