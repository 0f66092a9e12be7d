#include "cli/operation_wait.hpp"

#include <algorithm>
#include <chrono>

#include "cli/progress_display.hpp"
#include "common/characters.hpp"
#include "common/pause.hpp"
#include "common/rate_meter.hpp"
#include "common/shutdown.hpp"

namespace mailboat::cli {
namespace {

using std::chrono::milliseconds;

// What is small is over soon.
constexpr milliseconds first_pause{50};
constexpr milliseconds longest_pause{500};

void show(ProgressDisplay& display, RateMeter& rate, const OperationStatus& operation,
          std::optional<std::int64_t> events) {
  const auto reason = hindrance(operation);
  if (!reason.empty()) display.say(reason);
  if (operation.status != "running") return;
  const auto now = ProgressDisplay::Clock::now();
  rate.add(now, counted(operation));
  display.show(progress_of(operation, rate.per_second(), events), now);
}

}  // namespace

std::string hindrance(const OperationStatus& operation) {
  const auto name = operation_name(operation);
  if (!operation.connected) {
    return name + " waits: no mailboat-consumer of subscription " + operation.subscription +
           " is connected to a mailboat-producer" +
           (operation.trouble ? ". Its replica is in trouble: " + printable(*operation.trouble) : "");
  }
  if (operation.trouble) return name + " waits: the replica is in trouble: " + printable(*operation.trouble);
  if (operation.status == "requested" && operation.waits_for)
    return name + " waits for operation " + std::to_string(*operation.waits_for) +
           ", which was asked for before";
  return "";
}

OperationStatus wait_for_operation(postgres::Connection& connection, std::int64_t id,
                                   const Terminal& terminal, std::optional<std::int64_t> events) {
  const ShutdownSignal shutdown;
  ProgressDisplay display(terminal);
  RateMeter rate;
  auto length = first_pause;
  try {
    while (true) {
      auto operation = read_operation(connection, id);
      if (!operation.is_open() || shutdown.token().stop_requested()) return operation;
      show(display, rate, operation, events);
      pause(shutdown.token(), length);
      length = std::min(length * 2, longest_pause);
    }
  } catch (const postgres::ConnectionLost& error) {
    throw Error(std::string(error.what()) + ". The operation is not ended by that; come back to it with: " +
                "mailboat operation " + std::to_string(id));
  }
}

}  // namespace mailboat::cli
