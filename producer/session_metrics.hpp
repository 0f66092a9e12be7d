#pragma once

#include <optional>
#include <string>

#include "common/event_counters.hpp"
#include "common/messages.hpp"
#include "producer/producer_metrics.hpp"

namespace mailboat::producer {

/// Counts what one session sends. Make it when the session has the subscription, and let it go before the
/// subscription is given back: there is one at a time. One thread.
class SessionMetrics {
 public:
  SessionMetrics(ProducerMetrics& metrics, std::string subscription);
  ~SessionMetrics() { here_.set(0); }
  SessionMetrics(const SessionMetrics&) = delete;
  SessionMetrics& operator=(const SessionMetrics&) = delete;

  void sent(const FromProducer& message);

 private:
  void sent(const Frame& frame);
  void sent(const Retry& retry);

  ProducerMetrics& metrics_;
  const std::string subscription_;
  const Gauge here_;
  const Counter windows_;
  const Counter rejections_;
  EventCounters events_;
};

}  // namespace mailboat::producer
