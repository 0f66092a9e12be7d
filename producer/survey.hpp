#pragma once

#include <chrono>

#include "postgres/connection.hpp"
#include "producer/log_layout.hpp"
#include "producer/producer_metrics.hpp"
#include "producer/transaction_age.hpp"

namespace mailboat::producer {

/// Reads from PostgreSQL what metrics tell of the source and of each subscription, also of those that nobody
/// serves: every 10 s, however often somebody asks for metrics. Where a look takes long, so seldom that it
/// takes a two-hundredth of the time, but every 100 s at least. One thread; the connection must outlive it.
class Survey {
 public:
  using Clock = std::chrono::steady_clock;

  Survey(postgres::Connection& connection, ProducerMetrics& metrics)
      : connection_(connection), metrics_(metrics) {}

  /// Looks if that is due; returns how long it is not going to be. That PostgreSQL refuses is logged when it
  /// goes on. Throws ConnectionLost.
  std::chrono::milliseconds step();

  /// For how long to rest after a look that has taken so long.
  static Clock::duration rest_after(Clock::duration look);

  /// Looks now. Throws StatementFailed, too.
  void look();

 private:
  void read_subscriptions(const LogLayout& layout);
  void read_tasks();
  void read_verified();

  postgres::Connection& connection_;
  ProducerMetrics& metrics_;
  TransactionAge transaction_age_;
  Clock::time_point due_{};
  int failures_ = 0;  // in a row
};

}  // namespace mailboat::producer
