#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "common/messages.hpp"
#include "common/repeated.hpp"
#include "postgres/connection.hpp"
#include "producer/resume_point.hpp"
#include "producer/retry_reader.hpp"
#include "producer/subscription.hpp"

namespace mailboat::producer {

/// The tasks of one subscription: records in PostgreSQL what its replica has rejected and what became of
/// retries, and brings the retries that are due.
///
/// Belongs to the session's thread. `connection` must outlive it; record() and due_retry() use it and must be
/// called outside of a window's transaction.
class TaskDesk {
 public:
  using Clock = std::chrono::steady_clock;
  using Confirm = std::function<void(const Recorded&)>;

  /// `confirm` is called once PostgreSQL has committed rejections. Retries come in batches of about
  /// `batch_bytes`.
  TaskDesk(postgres::Connection& connection, const Subscription& subscription, std::size_t batch_bytes,
           Confirm confirm);

  /// Which copy of its file the replica has come with. What later retries than this copy has had completed
  /// becomes due again. Call it first.
  void begin(const Hello& hello, const ResumePoint& resume);

  /// Queue what the consumer says until record().
  void take(Rejected rejected);
  void take(Retried retried);

  /// Commits what is queued, in its order and each message in one transaction. When PostgreSQL refuses,
  /// throws StatementFailed or ConnectionLost; nothing is lost then: the replica reports what was not
  /// confirmed in its next session, and the events of a Retry are still due.
  void record();

  /// The next batch of due retries, unless one is under way: then its Retried comes first. Asks PostgreSQL
  /// only when something may be due. `sent`: what the replica has been sent.
  std::optional<Retry> due_retry(const Snapshot& sent);
  /// Something may have changed in PostgreSQL: an operator has asked for a retry, for example.
  void woken();
  /// How long due_retry() has nothing to ask, unless it is woken().
  [[nodiscard]] std::chrono::milliseconds quiet_for() const;

 private:
  void record(const Rejected& rejected);
  void record(const Retried& retried);
  void give_up(const std::vector<EventId>& lost);
  void commit(const std::string& statement, const postgres::Params& params);

  postgres::Connection& connection_;
  const std::string subscription_;
  const std::size_t batch_bytes_;
  std::string file_;  // the replica's
  const Confirm confirm_;
  RetryReader reader_;
  log::Repeated told_{5};

  std::deque<std::variant<Rejected, Retried>> reports_;
  std::set<EventId> under_way_;  // events of the Retry whose outcomes have not been recorded
  Clock::time_point looked_at_{};
  Clock::time_point look_at_{};  // when something may be due
};

}  // namespace mailboat::producer
