#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <SQLiteCpp/Savepoint.h>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/messages.hpp"
#include "consumer/attempt.hpp"
#include "consumer/bookkeeping.hpp"
#include "consumer/checkpointer.hpp"
#include "consumer/deferred_events.hpp"
#include "consumer/rejections.hpp"
#include "consumer/replica_file.hpp"
#include "consumer/tables.hpp"
#include "consumer/verification.hpp"

namespace mailboat::consumer {

/// The SQLite file that changes are applied to, as far as they come from one source: the target tables (see
/// Tables), and beside them mailboat's own. Everything between begin() and commit() becomes visible at once
/// or not at all, and the other sources' transactions wait meanwhile.
///
/// An event that cannot be applied does not keep the rest of its window back: it becomes a rejection, which
/// is stored with the window. One thread, a connection of its own; one process: a lock file beside the
/// database keeps a second consumer out. Throws NoTurn when stopped while others write,  ReplicaUnavailable
/// for what is about the database as a whole, RejectionStorm, and Fatal for a file that is not ours.
class Replica {
 public:
  struct Options {
    std::string path;
    std::string subscription;
    std::vector<Route> routes;
    std::uint32_t reject_limit = 1000;  ///< of one window; 0: no limit
    SourceTables owner = {};
    bool takes_over_unnamed = false;      ///< what the file has of this subscription and no source
    std::function<void()> works_on = {};  ///< told now and then while SQLite is busy with one statement
  };
  /// Opens or creates the file, of which this is the only source.
  explicit Replica(Options options);
  /// The same for one of several sources that share the `file` at `options.path`.
  Replica(Options options, std::shared_ptr<ReplicaFile> file);

  /// Names this file on this machine; a copy elsewhere has another name.
  [[nodiscard]] const std::string& identity() const { return identity_; }
  [[nodiscard]] const std::optional<Cursor>& cursor() const { return cursor_; }
  [[nodiscard]] EventId last_event_id() const { return last_event_id_; }
  [[nodiscard]] std::vector<LoadPosition> unfinished_loads();
  /// Some of these have begun by themselves, and no producer knows it: the next Hello has to tell.
  [[nodiscard]] bool has_own_loads() const { return tables_.has_own_loads(); }
  void begin_session();
  /// Tables that are not written until an operator has done something: one sentence each.
  [[nodiscard]] std::vector<std::string> paused_tables() const { return tables_.paused(); }
  /// One of them may go on in a new session.
  [[nodiscard]] bool may_go_on();

  /// Some route keeps a history, for which events need their times.
  [[nodiscard]] bool wants_times() const;

  void begin();
  /// First in a transaction: the source has another history than the one that the replica has followed. See
  /// consumer::forget_history().
  void forget_history(EventId shared_events);
  /// `rows`: of the events that were decoded before their turn.
  void apply(const EventBatch& events, const RowsAhead& rows = {});
  /// What rows may be decoded into before their turn; for another thread.
  [[nodiscard]] const ColumnsInForce& columns_in_force() const { return tables_.columns_in_force(); }
  /// The table's load (again) begins; until it ends, unfinished_loads() lists it.
  void begin_load(const std::string& topic);
  /// Pieces of one chunk follow each other within one transaction. When a row of it is refused, the load
  /// stays where it was before the chunk.
  void apply(const LoadChunk& piece);
  /// Compares the rows with the table's (see Verification), or mends it.
  void verify(const LoadChunk& piece);
  /// Settles what a constraint has refused, stores rejections and cursor, and makes the transaction visible.
  /// Its snapshot is what the transaction's load chunk is exact at.
  void commit(const Cursor& cursor);
  void rollback();

  /// Of the last window committed.
  struct Summary {
    std::size_t rejections = 0;
    std::string first_rejection;  ///< in words
    std::string refused_load;     ///< topic; empty when no chunk was refused
    std::string refused_load_reason;
    std::vector<std::string> left_alone;  ///< with forget_history(): topics that nobody loads anew
  };
  [[nodiscard]] const Summary& summary() const { return summary_; }

  /// Applies events that were rejected before, in a transaction of their own, which is counted: by the count
  /// PostgreSQL sees, when an older copy of the file is put back, what the copy does not have.
  Retried retry(const EventBatch& events);
  [[nodiscard]] const std::string& file_id() const { return file_id_; }
  [[nodiscard]] std::uint64_t retries();

  [[nodiscard]] std::optional<RunningVerification> running_verification() const {
    return verification_.running();
  }
  /// One has ended in the last window.
  [[nodiscard]] bool has_verified() const { return verification_.has_ended(); }
  /// What has been found and PostgreSQL has not confirmed.
  [[nodiscard]] std::vector<Verified> unconfirmed_verifications();
  void confirm_verification(const VerificationRecorded& recorded);

  /// Rejections that PostgreSQL has not confirmed: see Rejections::read().
  [[nodiscard]] Rejections::Piece unconfirmed(std::int64_t after);
  /// PostgreSQL has them. At any time, also within a window.
  void confirm(const std::vector<EventId>& event_ids);

 private:
  void apply(const Event& event, const char* buffer_end, const RowAhead& ahead);
  void insert(InsertRun& run, const char* buffer_end);
  struct OpenChunk {
    std::int64_t number = 0;
    std::string topic;
  };

  void open();
  void name_source();
  void read_cursor();
  void read_tables(bool at_start);
  WriterTurns::Turn turn_to_confirm();
  void require_in_place() const;
  void refuse(const Event& event, const WriteRefusal& refusal);
  void reject(const Rejection& rejection, const std::string& what);
  void settle(std::optional<std::string_view> topic);
  RetryOutcome retry_one(const Event& event, const char* buffer_end, std::optional<Relation>& written_as);
  template <typename Work>
  auto on_database(const char* what, const Work& work);

  const Options options_;
  const std::shared_ptr<ReplicaFile> file_;
  WriterTurns::Turn turn_;                // while a transaction is open; before it: given back after its end
  const std::shared_ptr<FileLock> lock_;  // before the database: taken first, released last
  SQLite::Database database_;
  std::optional<Checkpointer> checkpointer_;
  Bookkeeping bookkeeping_;
  std::string file_id_;
  std::string identity_;
  std::optional<Cursor> cursor_;
  EventId last_event_id_ = 0;
  Verification verification_;
  Tables tables_;
  bool tables_known_ = false;  // false after a rollback whose consequences could not be read

  // Of the open transaction.
  std::optional<DeferredEvents> deferred_;
  bool has_deferred_ = false;
  std::optional<SQLite::Transaction> transaction_;
  EventId highest_event_id_ = 0;
  bool has_forgotten_ = false;
  std::optional<OpenChunk> chunk_;
  std::optional<SQLite::Savepoint> chunk_savepoint_;
  Summary summary_;
};

}  // namespace mailboat::consumer
