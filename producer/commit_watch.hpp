#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "postgres/connection.hpp"
#include "producer/inbox.hpp"

namespace mailboat::producer {

/// Wakes the sessions of one producer when something may have been committed, by the sleep handshake:
///
/// Whoever captures a change takes the wake-up lock in shared mode for the rest of its transaction, and only
/// if it cannot, notifies. We try the same lock exclusively. While that fails, some transaction that captured
/// something is still in flight: look again soon. When it succeeds there is none: let each session read one
/// more window, then sleep on LISTEN; whoever captures from now on finds the lock taken and notifies.
/// PostgreSQL releases locks after a commit has become visible, so nothing falls between. Source: PostgreSQL
/// manual, 9.27.10 "Advisory Lock Functions".
///
/// A transaction that has notified cannot be PREPAREd, so on a server with max_prepared_transactions > 0 we
/// never take the lock and look at intervals. All methods may be called from any thread.
class CommitWatch {
 public:
  /// `sleep_limit`: a sleeping watch lets the sessions poll at this interval even without a notification.
  CommitWatch(std::string conninfo, std::chrono::milliseconds poll_interval_max,
              std::chrono::milliseconds sleep_limit = std::chrono::seconds(5));
  /// Stops its thread. Every inbox must have been removed before.
  ~CommitWatch() = default;

  /// `inbox` is woken until remove(). With none there, nothing is locked and nobody notifies.
  void add(Inbox& inbox);
  void remove(Inbox& inbox);

  /// A session has found events: more are likely soon, so look again at once rather than after a pause.
  void found_events();

 private:
  void run(const std::stop_token& stop);
  void watch(const std::stop_token& stop, postgres::Connection& connection);
  void sleep_until_notified(const std::stop_token& stop, postgres::Connection& connection);
  void pause(const std::stop_token& stop, std::chrono::milliseconds interval);
  void wake_all();
  bool has_sessions();
  bool take_found_events();

  const std::string conninfo_;
  const std::chrono::milliseconds poll_interval_max_;
  const std::chrono::milliseconds sleep_limit_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Inbox*> inboxes_;  // guarded by mutex_
  bool found_events_ = false;    // guarded by mutex_

  std::jthread thread_;  // last: it uses everything above
};

}  // namespace mailboat::producer
