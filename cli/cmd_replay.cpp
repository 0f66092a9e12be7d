#include "cli/cmd_replay.hpp"

#include "cli/audit.hpp"
#include "cli/operation_follow.hpp"
#include "cli/replay_plan.hpp"
#include "cli/task.hpp"
#include "cli/text_table.hpp"
#include "common/error.hpp"

namespace mailboat::cli {
namespace {

class Replay : public Command {
 public:
  void declare(CommandLine& line) override {
    options_.declare(line);
    line.argument({.name = "rate", .value = "N", .help = "At most so many events per second"}, rate_);
    line.argument({.name = "dry-run", .value = "", .help = "Only count, by topic and op, what would be sent"},
                  dry_run_);
    line.argument(
        {.name = "no-wait", .value = "", .help = "Only ask for it: mailboat operation shows the rest"},
        no_wait_);
    line.argument({.name = "json", .value = "", .help = "Print JSON, for scripts"}, json_);
    line.check([this] {
      if (rate_ && *rate_ == 0) throw ConfigurationError("--rate has to be above zero");
    });
  }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    const auto request = options_.resolve(connection);
    require_subscription(connection, request.subscription);
    const auto plan = read_plan(connection, request);
    const auto gone = not_retained(plan, request);
    if (!gone.empty()) context.terminal.err << "mailboat: " << gone << '\n';
    if (dry_run_) return show(context.terminal.out, plan);
    if (plan.events() == 0) throw Error(no_match(connection, request));
    const auto id = request_replay(connection, request);
    const auto code =
        follow(context, connection, id, {.wait = !no_wait_, .json = json_, .events = plan.events()});
    // Once more: what was said first may be far up by now.
    if (!gone.empty() && !no_wait_) context.terminal.err << "mailboat: " << gone << '\n';
    return code;
  }

 private:
  ExitCode show(std::ostream& out, const ReplayPlan& plan) const {
    if (json_) {
      print_plan_json(out, plan);
    } else {
      print_plan(out, plan);
      out << "would send " << grouped(plan.events()) << (plan.events() == 1 ? " event" : " events")
          << " again; nothing has been asked for\n";
    }
    return ExitCode::Done;
  }

  // What has been applied in the last second may not have been written down as acknowledged yet.
  static std::string no_match(postgres::Connection& connection, const ReplayRequest& request) {
    const auto sentence =
        "no event that subscription \"" + request.subscription + "\" has acknowledged matches";
    const auto hint = topic_hint(connection, request);
    if (!hint.empty()) return sentence + hint;
    return sentence + "; what it has not comes by itself, and mailboat wait " + request.subscription +
           " waits for that";
  }

  std::int64_t request_replay(postgres::Connection& connection, const ReplayRequest& request) const {
    auto params = replay_params(request);
    params.push_back(rate_ ? std::optional(std::to_string(*rate_)) : std::nullopt);
    params.emplace_back(who_decides(connection));
    return connection
        .query(
            "SELECT outbox.request_replay($1, $2::bigint, $3::bigint, $4::timestamptz, $5::timestamptz, $6, "
            "$7::jsonb, $8::float8, $9)",
            params)
        .int64(0, 0);
  }

  ReplayOptions options_;
  std::optional<std::uint32_t> rate_;
  bool dry_run_ = false;
  bool no_wait_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_replay() { return std::make_unique<Replay>(); }

}  // namespace mailboat::cli
