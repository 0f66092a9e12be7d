#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/messages.hpp"
#include "postgres/connection.hpp"
#include "producer/load_table.hpp"
#include "producer/subscription.hpp"

namespace mailboat::producer {

/// Reads a table's current rows chunk by chunk in the order of its key, each chunk within a window's
/// transaction, so that its rows are exact at the window's `to`. Remembers nothing but a good chunk size:
/// where to go on is the replica's knowledge. One thread; the connection must outlive the reader.
class LoadReader {
 public:
  /// `subscription`, which says what may be read (one without a name: everything), must outlive the reader.
  /// `rows`: of the first chunk; later
  /// ones grow as rows turn out small.
  LoadReader(postgres::Connection& connection, const Subscription& subscription, int rows = 500)
      : connection_(connection), subscription_(subscription), rows_per_chunk_(rows) {}

  struct Chunk {
    std::vector<LoadChunk> pieces;  ///< at least one; the last has ends_chunk
    LoadPosition next;              ///< where the next chunk begins
    bool ends_load = false;
  };
  /// The chunk after `position`, in pieces of about `piece_bytes`. Nothing when the table cannot be read at
  /// this snapshot (it was rewritten, changed or locked since: `why_not` says it); the window's transaction
  /// may then be aborted, and the same chunk can be asked for in the next window. The load of a table that is
  /// no longer tracked, or that the subscription does not take, ends with a chunk that gives up.
  std::optional<Chunk> read(const LoadPosition& position, std::size_t piece_bytes);
  [[nodiscard]] const std::string& why_not() const { return why_not_; }

 private:
  class ChunkWriter;
  void see_operators(const LoadTable& table);
  bool may_have_key(const LoadTable& table);
  bool was_changed(const std::string& oid);
  static Chunk give_up(const LoadPosition& position);
  Chunk read_rows(LoadTable& table, const LoadPosition& position, std::size_t piece_bytes);
  void adapt(const Chunk& chunk, std::uint64_t rows);

  postgres::Connection& connection_;
  const Subscription& subscription_;
  std::string why_not_;
  int rows_per_chunk_;
};

}  // namespace mailboat::producer
