#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "cli/replay_request.hpp"

namespace mailboat::cli {

/// What a replay is going to send, and what it cannot send any more.
struct ReplayPlan {
  struct Part {
    std::string topic, op;
    std::int64_t events = 0;
  };
  std::vector<Part> parts;  ///< by topic and op
  /// Where the log begins; nullopt: it is empty.
  struct Oldest {
    std::int64_t id = 0;
    std::string at;  ///< UTC, ISO 8601
  };
  std::optional<Oldest> oldest;
  bool reaches_back = true;  ///< the log holds everything from where the request begins

  [[nodiscard]] std::int64_t events() const;
};

/// Looks into the log and changes nothing. Reads every event that matches.
ReplayPlan read_plan(postgres::Connection& connection, const ReplayRequest& request);

void print_plan(std::ostream& out, const ReplayPlan& plan);
/// Keys are only ever added: scripts read this.
void print_plan_json(std::ostream& out, const ReplayPlan& plan);

/// Where a table is named without its schema, which its topic has: how it may have been meant. Empty
/// otherwise. For a plan without events.
std::string topic_hint(postgres::Connection& connection, const ReplayRequest& request);

/// What is asked for and not in the log, and what to do about it; empty when the log holds it all.
std::string not_retained(const ReplayPlan& plan, const ReplayRequest& request);

}  // namespace mailboat::cli
