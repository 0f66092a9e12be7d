#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/messages.hpp"
#include "consumer/bookkeeping.hpp"
#include "consumer/row_comparison.hpp"
#include "consumer/seen_rows.hpp"
#include "consumer/target_writer.hpp"
#include "consumer/verification_log.hpp"

namespace mailboat::consumer {

/// Compares a topic's tables with the source while changes flow on, and mends them where that is asked for.
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
      : database_(database),
        bookkeeping_(bookkeeping),
        log_(database, bookkeeping.source()),
        seen_(database) {}

  /// One of the tables that a piece's topic goes to, as it stands at that piece.
  struct Target {
    std::size_t number;  ///< among the topic's targets
    TargetWriter& writer;
    RowComparison& comparison;
    [[nodiscard]] const TargetPlan& plan() const { return writer.plan(); }
  };
  using Targets = std::span<const Target>;

  void begin(const LoadChunk& piece, Targets targets);
  [[nodiscard]] bool is_about(const LoadChunk& piece) const;
  /// `chunk`: what rows that are mended get as their version, negated.
  void compare(const LoadChunk& piece, std::int64_t chunk, Targets targets);
  /// The table cannot be verified to its end.
  void give_up(const LoadChunk& piece, const std::string& reason);
  /// The topic's rows are no longer what they were compared as, as where a load begins.
  void abandon(std::string_view topic);

  /// All that has been found, or is being looked for: of the operations of another history.
  void forget();

  /// An event has written the row with this key.
  [[nodiscard]] bool is_watching(std::string_view topic) const {
    return running_ && topic == running_->topic;
  }
  void written(std::size_t target, const TargetPlan& plan, const std::vector<Value>& key) {
    seen_.mark(target, plan, key);
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
    bool has_several_targets = false;
  };

  void compare_row(std::string_view row, const char* buffer_end, std::int64_t chunk, const Target& target);
  void add(Difference difference);
  void end(Targets targets);
  void find_extra_rows(const Target& target);
  [[nodiscard]] std::string describe(const Target& target, const std::vector<Value>& key) const;
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
