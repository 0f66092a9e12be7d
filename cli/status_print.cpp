#include "cli/status_print.hpp"

#include <algorithm>

#include "cli/operation_print.hpp"
#include "cli/progress.hpp"
#include "cli/text_table.hpp"

namespace mailboat::cli {
namespace {

std::string load_text(const SubscriptionStatus& status) {
  if (!status.load) return status.start == "load" && !status.acked_at ? "not begun" : "-";
  const auto progress = progress_of(*status.load);
  return progress.what + ": " + progress_text(progress);
}

std::string acknowledged_text(const SubscriptionStatus& status) {
  if (!status.seconds_since_ack) return "never";
  const auto ago = rough_duration(std::max(*status.seconds_since_ack, 0.0)) + " ago";
  return status.acked_event_id == 0 ? ago : ago + ", event " + grouped(status.acked_event_id);
}

std::string tasks_text(const OpenTasks& tasks) {
  std::string text;
  if (tasks.retrying > 0) text = grouped(tasks.retrying) + " retrying";
  if (tasks.failed > 0) text += (text.empty() ? "" : ", ") + grouped(tasks.failed) + " failed";
  if (!tasks.oldest_seconds) return "-";
  return text + ", oldest " + rough_duration(std::max(*tasks.oldest_seconds, 0.0));
}

// How many of its tables have been verified, and when the one that was longest ago.
std::string verified_text(const SubscriptionStatus& status) {
  std::int64_t verified = 0;
  double oldest = 0;
  for (const auto& table : status.tables) {
    if (!table.seconds) continue;
    ++verified;
    oldest = std::max(oldest, *table.seconds);
  }
  if (verified == 0) return "";
  return "verified " + grouped(verified) + " of " + grouped(static_cast<std::int64_t>(status.tables.size())) +
         (status.tables.size() == 1 ? " table, " : " tables, oldest ") + rough_duration(oldest) + " ago";
}

void print_trouble(std::ostream& out, const std::string& what, const std::optional<Trouble>& trouble) {
  if (!trouble) return;
  out << what << trouble->text << " (since " << rough_duration(std::max(trouble->seconds, 0.0)) << ")\n";
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "nothing" : text;
}

void print_selection(std::ostream& out, const SubscriptionStatus& status) {
  if (status.topics) out << status.name << ": receives only " << joined(*status.topics) << '\n';
  for (const auto& list : status.columns)
    out << status.name << ": receives of " << list.topic << " only " << joined(list.columns) << '\n';
}

// What does not fit into the table.
void print_notes(std::ostream& out, const SubscriptionStatus& status, const StatusReport& report) {
  print_selection(out, status);
  print_trouble(out, status.name + ": ", status.trouble);
  print_trouble(out, status.name + ": every table is to be loaded: ", status.needed_load);
  for (const auto& operation : report.operations) {
    if (operation.subscription == status.name)
      out << status.name << ": " << operation_line(operation) << '\n';
  }
  if (const auto verified = verified_text(status); !verified.empty())
    out << status.name << ": " << verified << '\n';
}

}  // namespace

std::string log_line(const LogStatus& log) {
  auto text = "the log holds " + rough_size(log.bytes) + " in " + grouped(log.partitions) +
              (log.partitions == 1 ? " partition" : " partitions");
  for (const auto& holder : log.holders) {
    text += "; " + holder.subscription + " keeps " + rough_size(holder.bytes);
    text += holder.what == "cursor" ? " (not acknowledged)" : " (" + holder.what + ")";
  }
  return text;
}

void print_status(std::ostream& out, const StatusReport& report) {
  const auto& all = report.subscriptions;
  if (all.empty()) {
    out << no_subscription << '\n';
    return;
  }
  std::vector<std::vector<std::string>> rows{
      {"NAME", "STATE", "CONSUMER", "LAG", "BEHIND", "ACKNOWLEDGED", "TASKS", "LOAD"}};
  for (const auto& status : all) {
    rows.push_back({status.name, status.state, status.connected ? "connected" : "away",
                    grouped(status.lag_events) + (status.lag_events == 1 ? " event" : " events"),
                    rough_duration(status.lag_seconds), acknowledged_text(status), tasks_text(status.tasks),
                    load_text(status)});
  }
  print_table(out, rows);
  for (const auto& status : all) print_notes(out, status, report);
  out << log_line(report.log) << '\n';
}

}  // namespace mailboat::cli
