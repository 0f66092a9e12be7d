#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/messages.hpp"
#include "consumer/bookkeeping.hpp"
#include "consumer/row_comparison.hpp"
#include "consumer/seen_rows.hpp"
#include "consumer/table_writer.hpp"
#include "consumer/verification_log.hpp"

namespace mailboat::consumer {

/// Compares a table with the source while changes flow on, and mends it where that is asked for.
///
/// It is exact because the rows come in the window's own snapshot: after the window's events they have to
/// stand here as they stand there, without any allowance for what is under way. Rows that the source does not
/// have are known at the end: those that no chunk has shown and no event has written since the beginning.
///
/// One table at a time. Works within whatever transaction is open; begin_transaction() and roll_back() keep
/// what it remembers in step with it. One thread; must not outlive the database.
class Verification {
 public:
  Verification(SQLite::Database& database, Bookkeeping& bookkeeping)
      : database_(database), bookkeeping_(bookkeeping), log_(database), seen_(database) {}

  /// The table that a piece is about, as it stands at that piece.
  struct Target {
    const Relation& relation;
    const std::string& table;
    TableWriter& writer;
    RowComparison& comparison;
  };

  void begin(const LoadChunk& piece, const Relation& relation);
  [[nodiscard]] bool is_about(const LoadChunk& piece) const;
  /// `chunk`: what rows that are mended get as their version, negated.
  void compare(const LoadChunk& piece, std::int64_t chunk, const Target& target);
  /// The table cannot be verified to its end.
  void give_up(const LoadChunk& piece, const std::string& reason);
  /// The topic's rows are no longer what they were compared as, as where a load begins.
  void abandon(std::string_view topic);

  /// An event has written the row with this key.
  [[nodiscard]] bool is_watching(std::string_view topic) const {
    return running_ && topic == running_->topic;
  }
  void written(const Relation& relation, const std::string& table, const std::vector<Value>& key) {
    seen_.mark(relation, table, key);
  }

  void begin_transaction() {
    before_ = running_;
    has_ended_ = false;
  }
  /// What has ended in this transaction was exact at `snapshot`.
  void commit_at(const Snapshot& snapshot);
  void roll_back() {
    running_ = before_;
    has_ended_ = false;
  }
  void release_statements() { seen_.release_statements(); }

  /// Where the next chunk goes on; nothing when none runs.
  [[nodiscard]] std::optional<RunningVerification> running() const;
  [[nodiscard]] bool has_ended() const { return has_ended_; }
  [[nodiscard]] VerificationLog& log() { return log_; }

 private:
  struct Running {
    OperationId operation = 0;
    std::string topic;
    std::vector<std::string> last_key;
    std::uint64_t rows = 0;
    std::int64_t first_chunk = 0;
    bool repairs = false;
  };

  void compare_row(std::string_view row, const char* buffer_end, std::int64_t chunk, const Target& target);
  void add(Difference difference);
  void end(const Target& target);
  void find_extra_rows(const Target& target);
  void finish(const std::string& error);

  SQLite::Database& database_;
  Bookkeeping& bookkeeping_;
  VerificationLog log_;
  SeenRows seen_;
  std::optional<Running> running_;
  std::optional<Running> before_;  // when the transaction began
  bool has_ended_ = false;         // one did, in the open or the last transaction
};

}  // namespace mailboat::consumer
