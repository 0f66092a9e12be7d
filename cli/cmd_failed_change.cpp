#include "cli/cmd_failed_change.hpp"

#include "cli/audit.hpp"
#include "cli/confirm.hpp"
#include "cli/task_change.hpp"
#include "cli/task_print.hpp"
#include "cli/text_table.hpp"
#include "common/error.hpp"

namespace mailboat::cli {
namespace {

// What `failed retry` and `failed discard` have in common: which tasks, asking first, and saying what was
// done.
class FailedChange : public Command {
 public:
  FailedChange(TaskChange change, FilterOptions filter) : change_(change), filter_(std::move(filter)) {}

  void declare(CommandLine& line) override {
    filter_.declare(line, true);
    line.argument(
        {.name = "all", .value = "", .help = "All tasks of the subscription that the options leave"}, all_);
    line.argument({.name = "dry-run", .value = "", .help = "Only show what would be done"}, dry_run_);
    line.argument({.name = "yes", .value = "", .help = "Do not ask, however many they are"}, yes_);
    line.check([this] {
      if (!filter_.is_given() && !all_)
        throw ConfigurationError("which tasks? Name their ids, a filter such as --topic, or --all");
      if (filter_.names_ids() && all_) throw ConfigurationError("either --all or ids, not both");
    });
  }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    require_subscription(connection, filter_.name());
    const auto filter = filter_.resolve(connection);
    require_tasks(connection, filter, [this](const std::string& status) { return objection(status); });
    const auto plan = plan_change(connection, filter, takes_compensated());
    const auto count = static_cast<std::int64_t>(plan.ids.size());
    auto& out = context.terminal.out;
    if (plan.compensated > 0) out << skipped(plan.compensated) << '\n';
    if (count == 0) {
      if (plan.compensated == 0) out << "no task matches\n";
    } else if (dry_run_) {
      print_plan(connection, out, filter, plan);
    } else {
      if (count > confirm_above && !yes_) confirm_count(context.terminal, count, intention(count));
      const auto done =
          carry_out(connection, change_, filter, plan, takes_compensated(), who_decides(connection));
      out << outcome(done) << '\n';
      if (done < count) out << tasks(count - done) << " had changed meanwhile, and stayed as they were\n";
    }
    return ExitCode::Done;
  }

 protected:
  [[nodiscard]] const std::string& name() const { return filter_.name(); }

 private:
  [[nodiscard]] virtual bool takes_compensated() const = 0;
  /// Why a task of this status cannot be changed so; empty when it can.
  [[nodiscard]] virtual std::string objection(const std::string& status) const = 0;
  /// `retry 3 tasks of ...`
  [[nodiscard]] virtual std::string intention(std::int64_t count) const = 0;
  [[nodiscard]] virtual std::string outcome(std::int64_t count) const = 0;
  [[nodiscard]] static std::string skipped(std::int64_t count) {
    return "skipping " + tasks(count) +
           " whose compensation has put the source right already; --compensated-too takes them as well";
  }

  void print_plan(postgres::Connection& connection, std::ostream& out, TaskFilter filter,
                  const ChangePlan& plan) const {
    constexpr std::int64_t shown = 100;
    filter.ids = plan.ids;
    print_tasks(out, read_tasks(connection, filter, shown));
    out << "would " << intention(static_cast<std::int64_t>(plan.ids.size()))
        << "; nothing has been changed\n";
  }

  TaskChange change_;
  FilterOptions filter_;
  bool all_ = false;
  bool dry_run_ = false;
  bool yes_ = false;
};

class FailedRetry : public FailedChange {
 public:
  FailedRetry()
      : FailedChange(TaskChange::Retry, {{"failed", "retrying", "discarded"}, {"failed", "retrying"}}) {}

  void declare(CommandLine& line) override {
    FailedChange::declare(line);
    line.argument({.name = "compensated-too",
                   .value = "",
                   .help = "Also those whose compensation has been done at the source"},
                  compensated_too_);
  }

 private:
  [[nodiscard]] bool takes_compensated() const override { return compensated_too_; }
  [[nodiscard]] std::string objection(const std::string& status) const override {
    return status == "completed" ? "is completed: the replica has it, so there is nothing to retry" : "";
  }
  [[nodiscard]] std::string intention(std::int64_t count) const override {
    return "retry " + tasks(count) + " of subscription " + name();
  }
  [[nodiscard]] std::string outcome(std::int64_t count) const override {
    return tasks(count) + " of subscription " + name() + " will be tried again at once";
  }

  bool compensated_too_ = false;
};

class FailedDiscard : public FailedChange {
 public:
  FailedDiscard() : FailedChange(TaskChange::Discard, {{"retrying", "failed"}, {"retrying", "failed"}}) {}

 private:
  [[nodiscard]] bool takes_compensated() const override { return true; }
  [[nodiscard]] std::string objection(const std::string& status) const override {
    if (status == "completed") return "is completed: the replica has it, so there is nothing to discard";
    return status == "discarded" ? "is discarded already" : "";
  }
  [[nodiscard]] std::string intention(std::int64_t count) const override {
    return "discard " + tasks(count) + " of subscription " + name();
  }
  [[nodiscard]] std::string outcome(std::int64_t count) const override {
    return tasks(count) + " of subscription " + name() + (count == 1 ? " is" : " are") +
           " discarded: the replica stays without " + (count == 1 ? "it" : "them");
  }
};

}  // namespace

std::unique_ptr<Command> make_failed_retry() { return std::make_unique<FailedRetry>(); }
std::unique_ptr<Command> make_failed_discard() { return std::make_unique<FailedDiscard>(); }

}  // namespace mailboat::cli
