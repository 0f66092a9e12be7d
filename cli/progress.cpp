#include "cli/progress.hpp"

#include <algorithm>
#include <cmath>

#include "cli/shortened.hpp"
#include "cli/text_table.hpp"
#include "common/characters.hpp"
#include "common/rate_meter.hpp"

namespace mailboat::cli {
namespace {

constexpr std::size_t longest_bar = 30;
constexpr std::size_t shortest_bar = 8;

// An end that only an estimate speaks of is never quite reached.
std::int64_t percent(const Progress& progress) {
  const auto part = 100.0 * static_cast<double>(progress.done) / static_cast<double>(*progress.expected);
  return std::min(static_cast<std::int64_t>(part), std::int64_t{progress.is_estimate ? 99 : 100});
}

bool has_end(const Progress& progress) { return progress.expected.value_or(0) > 0; }

std::string bar(const Progress& progress, std::size_t length) {
  const auto full = length * static_cast<std::size_t>(percent(progress)) / 100;
  return "[" + std::string(full, '#') + std::string(length - full, '-') + "]";
}

// The first table that is under way, or the next one, or the last.
std::size_t current_table(const std::vector<TableStatus>& tables) {
  for (const auto* status : {"running", "requested"}) {
    const auto found = std::find_if(tables.begin(), tables.end(),
                                    [status](const auto& table) { return table.status == status; });
    if (found != tables.end()) return static_cast<std::size_t>(found - tables.begin());
  }
  return tables.empty() ? 0 : tables.size() - 1;
}

bool is_open(const TableStatus& table) { return table.status == "requested" || table.status == "running"; }

// A table without an estimate counts as an empty one: it usually is.
std::uint64_t rows_left(const OperationStatus& operation) {
  std::uint64_t left = 0;
  for (const auto& table : operation.tables) {
    if (is_open(table))
      left += static_cast<std::uint64_t>(std::max<std::int64_t>(table.estimated_rows - table.rows, 0));
  }
  return left;
}

}  // namespace

std::string progress_text(const Progress& progress) {
  auto text = grouped(progress.done);
  if (has_end(progress)) text += (progress.is_estimate ? " of about " : " of ") + grouped(*progress.expected);
  text += ' ' + progress.unit;
  if (has_end(progress)) text += " (" + std::to_string(percent(progress)) + " %)";
  if (progress.per_second >= 1) {
    text += ", " + grouped(std::llround(progress.per_second)) + ' ' + progress.unit + "/s";
    if (progress.seconds_left.value_or(0) >= 1)
      text += ", about " + rough_duration(std::ceil(*progress.seconds_left)) + " left";
  }
  return text;
}

std::string progress_bar(const Progress& progress, std::size_t columns) {
  const auto what = printable(progress.what);
  const auto text = progress_text(progress);
  const auto without = what.size() + 2 + text.size();
  if (has_end(progress) && without + 4 + shortest_bar <= columns)
    return what + "  " + bar(progress, std::min(longest_bar, columns - without - 4)) + "  " + text;
  return shortened(what + ": " + text, columns);
}

std::string operation_name(const OperationStatus& operation) {
  return (operation.kind == "verify" ? "verification" : operation.kind) + " " + std::to_string(operation.id);
}

std::uint64_t counted(const OperationStatus& operation) {
  std::int64_t count = operation.replay ? operation.replay->sent : 0;
  for (const auto& table : operation.tables) count += table.rows;
  return static_cast<std::uint64_t>(count);
}

Progress progress_of(const LoadStatus& load) {
  auto what = load.topic;
  if (load.tables_left > 0) what += ", then " + grouped(load.tables_left) + " more";
  return {.what = what,
          .done = load.rows,
          .expected = load.estimated_rows,
          .is_estimate = true,
          .per_second = load.rows_per_second,
          .seconds_left = load.seconds_left};
}

Progress progress_of(const OperationStatus& operation, double per_second,
                     std::optional<std::int64_t> events) {
  Progress progress{.what = operation_name(operation), .per_second = per_second};
  if (operation.replay) {
    progress.unit = "events";
    progress.done = operation.replay->sent;
    progress.expected = events;
    if (events) {
      const auto left = std::max<std::int64_t>(*events - progress.done, 0);
      progress.seconds_left = seconds_for(static_cast<std::uint64_t>(left), per_second);
    }
    return progress;
  }
  if (operation.tables.empty()) return progress;
  const auto current = current_table(operation.tables);
  const auto& table = operation.tables[current];
  progress.what += ": " + table.topic;
  if (operation.tables.size() > 1)
    progress.what +=
        " (" + std::to_string(current + 1) + " of " + std::to_string(operation.tables.size()) + ")";
  progress.done = table.rows;
  progress.expected = table.estimated_rows;
  progress.is_estimate = true;
  if (table.estimated_rows > 0) progress.seconds_left = seconds_for(rows_left(operation), per_second);
  return progress;
}

}  // namespace mailboat::cli
