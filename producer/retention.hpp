#pragma once

#include <stop_token>
#include <string>
#include <thread>

#include "common/health.hpp"
#include "postgres/connection.hpp"
#include "producer/log_layout.hpp"
#include "producer/producer_metrics.hpp"

namespace mailboat::producer {

/// A thread with a PostgreSQL connection of its own in which a LogKeeper works until this goes, and a Survey
/// where metrics are asked for. Whatever happens to the connection, it is made again, later each time, and
/// readiness goes by it. Events pass on the way undisturbed.
class Retention {
 public:
  /// What `told` refers to must outlive this.
  struct Told {
    ProducerMetrics& metrics;
    Health& health;
    bool surveys = false;  ///< somebody can read them
  };
  Retention(std::string conninfo, RetentionLimits limits, Told told);
  ~Retention() = default;

 private:
  void run(const std::stop_token& stop);
  void keep(const std::stop_token& stop, postgres::Connection& connection);
  void tell(const std::string& trouble);

  const std::string conninfo_;
  const RetentionLimits limits_;
  const Told told_;
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace mailboat::producer
