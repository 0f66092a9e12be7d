#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/messages.hpp"
#include "common/repeated.hpp"
#include "postgres/connection.hpp"
#include "producer/load_reader.hpp"
#include "producer/operation_desk.hpp"
#include "producer/progress_writer.hpp"
#include "producer/table_change.hpp"

namespace mailboat::producer {

/// The chunks of current rows that ride in a subscription's windows: of the tables that are being loaded, one
/// after the other, and when none of these can be read, of the one that is being verified. A table that
/// cannot be read for a while does not hold up the others.
///
/// Belongs to the session's thread. What it refers to must outlive it.
class ChunkFeed {
 public:
  using Clock = std::chrono::steady_clock;

  /// Pieces of chunks are cut at about `piece_bytes`.
  ChunkFeed(postgres::Connection& connection, const Subscription& subscription, const Hello& hello,
            OperationDesk& operations, std::size_t piece_bytes);

  /// Their loads begin, perhaps anew, with the window that is being sent.
  void begin_loads(const std::vector<std::string>& topics);
  /// Of a table that window number `window` brings: its load goes on under the new name, and ends with the
  /// table.
  void follow(const TableChange& change, std::uint64_t window);
  [[nodiscard]] bool is_loading(const std::string& topic) const;
  /// There is something to read now.
  [[nodiscard]] bool is_due();
  /// The next chunk, at the snapshot of the window's open transaction; nothing when there is none, or when it
  /// cannot be read now. The transaction may then be aborted. The chunk belongs to window number `window`.
  std::optional<LoadReader::Chunk> read(std::uint64_t window);

  /// How the loads stand with what has been read; nothing when none is unfinished.
  [[nodiscard]] std::optional<LoadProgress> progress() const;

 private:
  struct Load {
    LoadPosition position;
    std::uint64_t estimated_rows = 0;
    Clock::time_point retry_at = {};  // not before
  };

  std::vector<Load>::iterator next_load();
  OperationDesk::Verification* next_verification();
  std::optional<LoadReader::Chunk> read_load(Load& load, std::uint64_t window);
  std::optional<LoadReader::Chunk> read_verification(OperationDesk::Verification& verification);
  std::optional<LoadReader::Chunk> read(const LoadPosition& position, Clock::time_point& retry_at);

  const std::string& subscription_;
  OperationDesk& operations_;
  const std::size_t piece_bytes_;
  LoadReader reader_;
  std::vector<Load> loads_;        // unfinished, in the order in which they are loaded
  std::uint64_t loaded_rows_ = 0;  // of all tables, in this session
  Clock::time_point verify_at_{};  // not before
  log::Repeated trouble_;
};

}  // namespace mailboat::producer
