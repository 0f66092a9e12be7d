#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "producer/log_status.hpp"
#include "producer/operation_status.hpp"
#include "producer/subscription_status.hpp"

namespace mailboat::cli {

/// What `mailboat status` shows.
struct StatusReport {
  std::vector<SubscriptionStatus> subscriptions;
  std::vector<OperationStatus> operations;  ///< those that are not finished
  LogStatus log;
};

inline constexpr auto no_subscription =
    "There is no subscription yet. Make one with: mailboat subscribe NAME";

/// `the log holds 1.2 GiB in 5 partitions; shop keeps 800 MiB (not acknowledged)`
std::string log_line(const LogStatus& log);
void print_status(std::ostream& out, const StatusReport& report);
/// Keys are only ever added: scripts read this.
void print_status_json(std::ostream& out, const StatusReport& report);

}  // namespace mailboat::cli
