#include "cli/operation_print.hpp"

#include <algorithm>

#include "cli/operation_wait.hpp"
#include "cli/progress.hpp"
#include "cli/text_table.hpp"
#include "common/characters.hpp"

namespace mailboat::cli {
namespace {

std::string counted_noun(std::int64_t count, const std::string& noun) {
  return grouped(count) + ' ' + noun + (count == 1 ? "" : "s");
}

// What a bar shows from two looks, from one.
double mean_rate(const OperationStatus& operation) {
  double rate = 0;
  for (const auto& table : operation.tables) {
    if (table.status == "running" && table.running_seconds >= 1)
      rate = static_cast<double>(table.rows) / table.running_seconds;
  }
  if (operation.replay && operation.replay->running_seconds >= 1)
    rate = static_cast<double>(operation.replay->sent) / operation.replay->running_seconds;
  return rate;
}

std::string listed_difference(const DifferenceStatus& difference) {
  auto text = difference.topic + ": " + difference.kind + ' ' + difference.key;
  for (std::size_t i = 0; i < difference.columns.size(); ++i)
    text += (i == 0 ? ": " : ", ") + difference.columns[i];
  if (difference.repaired) text += " (mended)";
  if (difference.error) text += " (" + *difference.error + ")";
  return printable(text);
}

void print_differences(std::ostream& out, const OperationStatus& operation,
                       const std::vector<DifferenceStatus>& differences) {
  for (const auto& table : operation.tables) {
    std::int64_t listed = 0;
    for (const auto& difference : differences) {
      if (difference.topic != table.topic) continue;
      out << listed_difference(difference) << '\n';
      ++listed;
    }
    if (const auto more = table.differences() - listed; more > 0)
      out << printable(table.topic) << ": " << counted_noun(more, "more difference") << ", not listed\n";
  }
}

void print_tables(std::ostream& out, const OperationStatus& operation) {
  std::vector<std::vector<std::string>> rows;
  const bool verifies = operation.kind == "verify";
  rows.push_back({"TABLE", "STATUS", "ROWS"});
  if (verifies)
    rows.back().insert(rows.back().end(), {"MISSING", "EXTRA", "DIFFERENT", "REPAIRED", "VERIFIED THROUGH"});
  for (const auto& table : operation.tables) {
    rows.push_back({printable(table.topic), table.status, grouped(table.rows)});
    if (!verifies) continue;
    const bool is_verified = table.status == "completed" && table.differences() == table.repaired;
    rows.back().insert(rows.back().end(),
                       {grouped(table.missing), grouped(table.extra), grouped(table.different),
                        grouped(table.repaired), is_verified ? table.finished_at.value_or("-") : "-"});
  }
  print_table(out, rows);
}

std::string verdict_on_rows(const OperationStatus& operation) {
  const auto found = operation.differences();
  const auto tables = static_cast<std::int64_t>(operation.tables.size());
  const auto equal = counted_noun(tables, "table") + " of the replica of subscription " +
                     operation.subscription + (tables == 1 ? " is" : " are") + " equal to the source";
  if (found == 0) return equal;
  const auto differences = counted_noun(found, "difference");
  if (operation.is_well()) return differences + " mended: " + equal + " now";
  if (operation.repair) {
    return differences + ", of which " + grouped(found - operation.repaired()) +
           " could not be mended: mend what the reasons above name, then verify again";
  }
  return differences + ". Mend them with: mailboat verify " + operation.subscription + " --repair";
}

std::string verdict(const OperationStatus& operation) {
  if (operation.is_open()) return operation_line(operation);
  const auto name = operation_name(operation);
  if (operation.status == "cancelled")
    return name + " was cancelled by " + operation.cancelled_by.value_or("somebody");
  if (operation.status == "failed")
    return name + " failed: " + operation.error.value_or("no reason was given");
  if (operation.kind == "verify") return verdict_on_rows(operation);
  if (operation.kind == "load")
    return counted_noun(static_cast<std::int64_t>(operation.tables.size()), "table") + " loaded, " +
           counted_noun(static_cast<std::int64_t>(counted(operation)), "row");
  return name + " is complete";
}

void print_replay(std::ostream& out, const ReplayStatus& replay) {
  out << counted_noun(replay.sent, "event") << " sent: " << grouped(replay.applied) << " applied, "
      << grouped(replay.superseded) << " already current, " << grouped(replay.rejected) << " rejected\n";
  for (const auto& rejection : replay.errors)
    out << "event " << rejection.event_id << ": " << printable(rejection.error) << '\n';
  const auto more = replay.rejected - static_cast<std::int64_t>(replay.errors.size());
  if (more > 0) out << counted_noun(more, "more rejected event") << ", not listed\n";
}

std::string summary(const OperationStatus& operation) {
  if (operation.replay) return counted_noun(operation.replay->sent, "event");
  auto text = counted_noun(static_cast<std::int64_t>(operation.tables.size()), "table") + ", " +
              counted_noun(static_cast<std::int64_t>(counted(operation)), "row");
  if (operation.kind == "verify") text += ", " + counted_noun(operation.differences(), "difference");
  if (operation.repaired() > 0) text += ", " + grouped(operation.repaired()) + " mended";
  return text;
}

}  // namespace

std::string operation_line(const OperationStatus& operation) {
  auto reason = hindrance(operation);
  if (!reason.empty()) return reason;
  if (operation.status == "requested") return operation_name(operation) + " begins soon";
  const auto progress = progress_of(operation, mean_rate(operation), std::nullopt);
  return printable(progress.what) + ": " + progress_text(progress);
}

void print_outcome(std::ostream& out, const OperationStatus& operation,
                   const std::vector<DifferenceStatus>& differences) {
  if (operation.replay) {
    print_replay(out, *operation.replay);
  } else {
    print_tables(out, operation);
    print_differences(out, operation, differences);
  }
  out << printable(verdict(operation)) << '\n';
}

void print_operations(std::ostream& out, const std::vector<OperationStatus>& operations) {
  if (operations.empty()) {
    out << "nothing has been asked for yet: see mailboat load, verify and replay\n";
    return;
  }
  std::vector<std::vector<std::string>> rows{
      {"ID", "SUBSCRIPTION", "KIND", "STATUS", "ASKED FOR", "BY", "RESULT"}};
  for (const auto& operation : operations) {
    rows.push_back({std::to_string(operation.id), operation.subscription, operation.kind, operation.status,
                    rough_duration(std::max(operation.seconds_since_request, 0.0)) + " ago",
                    printable(operation.requested_by), summary(operation)});
  }
  print_table(out, rows);
}

}  // namespace mailboat::cli
