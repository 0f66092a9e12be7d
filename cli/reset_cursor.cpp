#include "cli/reset_cursor.hpp"

#include <algorithm>
#include <chrono>

#include "cli/audit.hpp"
#include "cli/confirm.hpp"
#include "cli/progress_display.hpp"
#include "cli/task.hpp"
#include "common/characters.hpp"
#include "common/error.hpp"
#include "common/pause.hpp"
#include "common/shutdown.hpp"
#include "producer/subscription_status.hpp"

namespace mailboat::cli {
namespace {

using std::chrono::milliseconds;

// What is small is over soon; of what is not, the producer tells about once a second.
constexpr milliseconds first_pause{50};
constexpr milliseconds longest_pause{1000};

bool is_over(const SubscriptionStatus& status) {
  return status.state == "active" && !status.load && !status.trouble;
}

void show(ProgressDisplay& display, const SubscriptionStatus& status) {
  if (status.trouble) {
    display.say("the load waits: the replica is in trouble: " + printable(status.trouble->text));
  } else if (!status.connected) {
    display.say(
        "the load waits: no mailboat-consumer of subscription " + status.name +
        " is connected to a mailboat-producer. One that had been refused may have ended: start it again");
  }
  if (!status.load || status.state != "active") return;
  auto progress = progress_of(*status.load);
  progress.what.insert(0, "load of ");
  display.show(progress, ProgressDisplay::Clock::now());
}

// False when a signal came first.
bool wait_for_load(const Terminal& terminal, postgres::Connection& connection, const std::string& name) {
  const ShutdownSignal shutdown;
  ProgressDisplay display(terminal);
  for (auto length = first_pause; !shutdown.token().stop_requested();
       length = std::min(length * 2, longest_pause)) {
    const auto status = find_subscription_status(connection, name);
    if (!status) throw Error("subscription '" + name + "' is gone");
    if (is_over(*status)) return true;
    show(display, *status);
    pause(shutdown.token(), length);
  }
  return false;
}

}  // namespace

ExitCode reset_cursor(const Context& context, postgres::Connection& connection, const std::string& name,
                      const ResetCursor& how) {
  require_subscription(connection, name);
  if (how.ask) {
    confirm(context.terminal, name,
            "have the replica of subscription " + name +
                " forget which events it has, and load all its tables again in place");
  }
  connection.query("SELECT outbox.require_load($1, $2, true)",
                   {name, "its cursor was reset by " + who_decides(connection)});
  context.terminal.out << "all tables of subscription " << name
                       << " are loaded in place as soon as a consumer is connected\n"
                       << std::flush;
  if (!how.wait) {
    context.terminal.out << "mailboat status shows how it goes\n";
    return ExitCode::Done;
  }
  if (wait_for_load(context.terminal, connection, name)) {
    context.terminal.out << "all tables of subscription " << name << " are loaded\n";
    return ExitCode::Done;
  }
  context.terminal.err << "mailboat: the load of subscription " << name
                       << " goes on: mailboat status shows how it goes\n";
  return ExitCode::Failed;
}

}  // namespace mailboat::cli
