#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/event.hpp"
#include "common/snapshot.hpp"
#include "postgres/connection.hpp"
#include "producer/session_ended.hpp"
#include "producer/subscription.hpp"
#include "producer/table_change.hpp"
#include "producer/taken_topics.hpp"

namespace mailboat::producer {

/// Reads windows: exactly the events that snapshot `to` sees and snapshot `from` did not, in id order.
///
/// Life of a window: open(), or a poll() that has brought it, fill() until it returns false, finish(). Memory
/// is bounded by one FETCH (at most about 4 MiB, and one more under way) or by the largest single event,
/// whatever the window's size. One thread; the connection must outlive the reader and is not used for
/// anything else while a window is open. Every method may throw ConnectionLost.
///
/// What is read is what the subscription takes: poll() and open() throw SessionEnded when that is not what it
/// was when `subscription` was read. So a window that sees a change of topics or columns is never sent
/// without it.
class WindowReader {
 public:
  /// Of what `subscription` takes, which must outlive the reader. Its replica loads a table when the log says
  /// so if it started with a load, so that changes which were captured without their content before that need
  /// not be told.
  WindowReader(postgres::Connection& connection, const Subscription& subscription);
  ~WindowReader();

  struct Poll {
    Snapshot now;
    bool has_events = false;
    bool is_durable = false;  ///< `now` may become a cursor as it is (see await_durable())
    bool is_window = false;   ///< the window up to `now` has come with the answer
  };
  /// Asks in one round trip whether there is anything that `from` does not cover. Any table's description
  /// counts: it may be renamed to, or from, a topic that is taken. Not while a window is open.
  ///
  /// A few plain events come with the answer, and so does a window without any: then it is open as if by
  /// open(from), but without a transaction, so that nothing else can be read at_snapshot(). Not before the
  /// first window from a snapshot.
  Poll poll(const Snapshot& from);

  enum class Events { All, PublishedOnly };
  /// Begins a REPEATABLE READ transaction and takes its snapshot as to(). Without `from` the window has no
  /// events. Where a replica begins that will be loaded, it has PublishedOnly: those of applications, which
  /// no table can be loaded for.
  void open(const std::optional<Snapshot>& from, Events events = Events::All);
  [[nodiscard]] const Snapshot& to() const { return to_; }
  /// What is read, as of to().
  [[nodiscard]] const TakenTopics& taken() const { return taken_; }

  /// Appends events until `batch` holds `target_bytes` or the window is exhausted (false), and to `changes`
  /// what the R events among them mean. An event that comes after its table was renamed has the table's new
  /// topic.
  bool fill(EventBatch& batch, std::size_t target_bytes, std::vector<TableChange>& changes);

  /// How long the current transaction has kept the source's vacuum horizon.
  [[nodiscard]] std::chrono::milliseconds open_for() const;
  /// Ends the transaction but not the window: the next fill() goes on in a new one.
  void suspend();
  /// True once a window has been suspended: its transaction no longer sees exactly to().
  [[nodiscard]] bool was_suspended() const { return was_suspended_; }

  /// The window's transaction, for reading something else at exactly to(). Only after open(), and while
  /// !was_suspended().
  postgres::Connection& at_snapshot() { return connection_; }

  /// Ends the window's transaction.
  void finish();

  /// Returns once a crash of the source can no longer hand out transaction ids that to() covers. Call after
  /// finish(), before anybody stores to() as a cursor.
  void await_durable();

  /// Throws SessionEnded unless what has been read meanwhile, outside of a window, is still what the
  /// subscription takes.
  void require_same_selection();

 private:
  void begin();
  void begin_window(const std::optional<Snapshot>& from, Events events, Snapshot to);
  [[nodiscard]] bool is_all_and_plain(const postgres::Rows& rows) const;
  void take_window(const Snapshot& from, const Poll& poll, postgres::Rows rows);
  void require_same_selection(const postgres::Rows& rows, int column) const;
  void slice(EventId last_id);
  std::optional<EventId> first_id();
  std::optional<EventId> first_id_of_ended();
  EventId last_id_before(EventId bound);
  void declare();
  bool fetch();
  void send_fetch();
  void end_slice();
  void add(EventBatch& batch, int row, std::vector<TableChange>& changes);
  void note_change(const Event& event, std::vector<TableChange>& changes);
  std::string payload_of(TransactionId transaction, EventId id);

  postgres::Connection& connection_;
  const Subscription& subscription_;
  const std::string selection_query_;

  std::optional<postgres::Transaction> transaction_;
  std::chrono::steady_clock::time_point opened_at_;
  std::optional<Snapshot> from_;
  Events events_ = Events::All;
  Snapshot to_;
  TakenTopics taken_;
  std::optional<KnownChanges> unlocked_;  // that from_ sees, and those met in the window
  std::string write_ahead_end_;           // where the WAL ended when to_ was taken
  bool durable_ = false;
  bool was_suspended_ = false;
  bool has_cursor_ = false;
  bool exhausted_ = true;
  std::vector<EventId> bounds_;  // of the window's slices
  std::size_t slice_ = 0;        // that is read
  bool is_fetching_ = false;
  EventId last_id_ = 0;                  // that has come
  std::optional<EventId> read_through_;  // the last id that was handed out when a window was read last
  std::optional<postgres::Rows> rows_;
  int next_row_ = 0;
};

}  // namespace mailboat::producer
