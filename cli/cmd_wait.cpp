#include "cli/cmd_wait.hpp"

#include <chrono>
#include <optional>

#include "cli/text_table.hpp"
#include "common/duration.hpp"
#include "common/error.hpp"
#include "producer/subscription_status.hpp"

namespace mailboat::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds usual_timeout{10'000};

// What keeps a replica from having everything, as far as PostgreSQL knows.
std::string why_not(const SubscriptionStatus& status) {
  if (status.state != "active") return "its state is " + status.state;
  if (status.trouble) return status.trouble->text;
  if (!status.connected) return "no consumer is connected";
  if (!status.acked_at) return "it has not acknowledged anything yet";
  if (status.load) return status.load->topic + " is being loaded";
  return "it is " + grouped(status.lag_events) + (status.lag_events == 1 ? " event" : " events") + " behind";
}

std::string why_not(postgres::Connection& connection, const std::string& name) {
  const auto status = find_subscription_status(connection, name);
  return status ? why_not(*status) : "it is gone";
}

class Wait : public Command {
 public:
  void declare(CommandLine& line) override {
    line.position({.name = "NAME", .value = "", .help = "As shown by mailboat status", .required = true},
                  name_);
    line.argument(
        {.name = "timeout", .value = "DURATION", .help = "Give up after this time; 10s if not given"},
        timeout_);
  }

  ExitCode run(const Context& context) override {
    const auto timeout = timeout_.value_or(usual_timeout);
    auto connection = connect_to_outbox(context);
    const auto applied = connection.query("SELECT outbox.wait_for($1, $2::float8 * interval '1 millisecond')",
                                          {name_, std::to_string(timeout.count())});
    if (!applied.boolean(0, 0)) {
      throw Fatal("the replica of subscription '" + name_ +
                  "' does not have everything that was committed when this command began, after " +
                  format_duration(timeout) + ": " + why_not(connection, name_));
    }
    context.terminal.out << "the replica of subscription " << name_
                         << " has everything that was committed when this command began\n";
    return ExitCode::Done;
  }

 private:
  std::string name_;
  std::optional<milliseconds> timeout_;
};

}  // namespace

std::unique_ptr<Command> make_wait() { return std::make_unique<Wait>(); }

}  // namespace mailboat::cli
