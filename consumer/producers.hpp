#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/channel.hpp"
#include "consumer/producer_probe.hpp"

namespace mailboat::consumer {

/// The producers of a source, in the order in which the operator wants them, and which of them to talk to.
/// One that fails is passed over for thirty heartbeats, doubled with each failure in a row, up to half an
/// hour of one-second heartbeats; so a producer that comes and goes is not followed to and fro. When all have
/// failed it was probably what is behind them, and none is passed over any more once one serves. Time is an
/// argument. One thread.
class Producers {
 public:
  using Clock = ProducerProbe::Clock;
  using Connect = std::function<std::unique_ptr<Connection>(const std::string& endpoint)>;

  /// `endpoints` has one at least. `connect` is for probes.
  Producers(const std::vector<std::string>& endpoints, std::chrono::milliseconds heartbeat, Connect connect);

  /// Whom to talk to now: the first in the list that is not passed over; if all are, the one whose time is
  /// over next.
  const std::string& choose(Clock::time_point now);

  /// The one chosen last has not served us, or does not any more.
  void failed(Clock::time_point now);
  /// The one chosen last does not want us. False when none of them does: each has refused since one of them
  /// has served.
  bool refused(Clock::time_point now);
  /// The one chosen last has served us well.
  void served();

  /// While the one chosen last serves us: whether one that stands before it in the list answers again, so
  /// that choose() would name that one. Never waits; call it often.
  bool better_answers(Clock::time_point now);

 private:
  struct Producer {
    std::string endpoint;
    Clock::time_point passed_over_until{};
    int failures = 0;  // in a row
    bool has_refused = false;
  };
  void fail(Producer& producer, Clock::time_point now) const;
  [[nodiscard]] std::optional<std::size_t> candidate(Clock::time_point now) const;

  std::vector<Producer> producers_;
  const std::chrono::milliseconds heartbeat_;
  const Connect connect_;
  std::size_t chosen_ = 0;
  bool all_have_failed_ = false;       // at a time, since one has served
  std::optional<std::size_t> probed_;  // whom probe_ asks
  std::optional<ProducerProbe> probe_;
  Clock::time_point looked_at_{};
};

}  // namespace mailboat::consumer
