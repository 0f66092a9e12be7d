#pragma once

#include <string>
#include <vector>

#include "common/snapshot.hpp"
#include "postgres/connection.hpp"

namespace mailboat::bench {

/// The parameters $1 and $2 of "what this snapshot does not cover".
postgres::Params beyond(const Snapshot& from);

/// Reads the log's events beyond `from` in the order of their ids through a server-side cursor, some
/// thousands at a time, and calls `use(rows)` with columns id, txid, topic, op, payload. The connection as
/// producer::connect_to_source() makes it.
template <typename Use>
void read_window(postgres::Connection& connection, const Snapshot& from, const Use& use) {
  postgres::Transaction window(connection, postgres::Transaction::Kind::RepeatableReadOnly);
  window.query(
      "DECLARE bench_window NO SCROLL CURSOR FOR SELECT id, txid, topic, op, payload FROM outbox.event"
      " WHERE txid >= $1::xid8 OR txid = ANY ($2::xid8[]) ORDER BY id",
      beyond(from));
  for (;;) {
    const auto rows = window.query("FETCH 2000 FROM bench_window");
    if (rows.empty()) return;
    use(rows);
  }
}

}  // namespace mailboat::bench
