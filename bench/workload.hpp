#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "postgres/connection.hpp"

namespace mailboat::bench {

/// A table, and rows for it which PostgreSQL makes by itself, the same in every run.
struct Workload {
  std::string name;     ///< as in --workloads
  std::string table;    ///< in schema public
  std::string columns;  ///< for CREATE TABLE
  std::string rows;     ///< the select list over a number `n`, which gives row number n
  char op;              ///< of its events
  std::uint32_t share;  ///< of --events, one in so many: large rows would fill the disk
  std::uint32_t keys;   ///< how many different keys; 0: each row has its own

  [[nodiscard]] std::string topic() const { return "public." + table; }
  /// SELECT of the rows number first to last.
  [[nodiscard]] std::string select(std::uint64_t first, std::uint64_t last) const;
  [[nodiscard]] std::uint64_t events_of(std::uint32_t events) const { return events / share; }
  /// How many rows are left of so many events.
  [[nodiscard]] std::uint64_t rows_left(std::uint64_t events) const;
};

/// The first is `scrobbles`: 8 columns, about 320 bytes of JSON.
std::span<const Workload> workloads();
const Workload& scrobbles();

/// Makes the table, which is not tracked yet.
void create_table(postgres::Connection& connection, const Workload& workload);

/// Inserts rows number 1 to `rows` into the table, some thousands in each transaction.
void insert_rows(postgres::Connection& connection, const Workload& workload, std::uint64_t rows);

/// Writes the events of `events` such rows to the log, without the table, as its capture functions would;
/// some thousands in each transaction. Then the log is vacuumed, as autovacuum would do some time later, and
/// flushed, so that it disturbs nothing that is measured.
void write_events(postgres::Connection& connection, const Workload& workload, std::uint64_t events);

}  // namespace mailboat::bench
