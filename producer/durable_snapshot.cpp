#include "producer/durable_snapshot.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace mailboat::producer {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// How long to wait for the source's own commits to flush the WAL before we ask for a flush ourselves.
constexpr milliseconds flush_patience{5};
// A busy source flushes every millisecond or so. Each question is a round trip that its writers pay for, too.
constexpr microseconds first_pause{200};
constexpr microseconds longest_pause{1000};

bool is_flushed(postgres::Connection& connection, const std::string& position) {
  return connection.query_prepared("SELECT pg_current_wal_flush_lsn() >= $1::pg_lsn", {position})
      .boolean(0, 0);
}

}  // namespace

// Why a snapshot must be durable before it becomes a cursor.
//
// A snapshot covers every transaction below its xmax that had ended, and an end becomes visible before it is
// safely on disk: a rollback is never flushed on its own, nor is a commit with synchronous_commit off. If the
// server crashes at that moment, recovery restarts the transaction counter after the last id that the WAL
// mentions, and may hand out ids again that the snapshot covers. A replica that had stored the snapshot would
// take the new transactions for old ones and skip their events without a word.
//
// Every end of a transaction writes a WAL record before it becomes visible. So once the WAL is flushed up to
// where it ended when the snapshot was taken, no covered id can come back. Usually the next commit on the
// source has flushed it long before we ask; on a quiet source we flush it ourselves, with a WAL message that
// touches no table.
void await_flushed(postgres::Connection& connection, const std::string& position) {
  const auto deadline = std::chrono::steady_clock::now() + flush_patience;
  for (auto pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
    std::this_thread::sleep_for(pause);  // the snapshot has just been taken
    if (is_flushed(connection, position)) return;
    if (std::chrono::steady_clock::now() < deadline) continue;
    postgres::Transaction flush(connection, postgres::Transaction::Kind::ReadWrite);
    flush.query("SET LOCAL synchronous_commit = local");
    flush.query("SELECT pg_logical_emit_message(true, 'mailboat', 'flush')");
    flush.commit();
  }
}

}  // namespace mailboat::producer
