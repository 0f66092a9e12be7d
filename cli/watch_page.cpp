#include "cli/watch_page.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "cli/operation_print.hpp"
#include "cli/progress.hpp"
#include "cli/sentence.hpp"
#include "cli/shortened.hpp"
#include "cli/sparkline.hpp"
#include "cli/text_table.hpp"
#include "common/characters.hpp"

namespace mailboat::cli {
namespace {

using Style = ScreenLine::Style;

constexpr std::size_t longest_name = 24;
constexpr std::size_t usual_name = 12;
constexpr std::size_t shortest_name = 4;
constexpr auto bars_heading = "LAG SO FAR";
constexpr std::size_t shortest_bars = 10;
constexpr std::size_t gap = 2;
constexpr int most_lines_of_sentence = 3;

struct Column {
  std::string heading;
  std::vector<std::string> cells = {};
  bool is_number = true;
  int importance = 0;  // the lowest is left out first

  [[nodiscard]] std::size_t width() const {
    auto width = characters(heading);
    for (const auto& cell : cells) width = std::max(width, characters(cell));
    return width;
  }
};

std::string state_of(const SubscriptionStatus& status) {
  if (!status.connected) return "away";
  if (status.trouble) return "trouble";
  if (status.needed_load) return "needs load";
  return status.load ? "loading" : "connected";
}

std::string count(std::int64_t number) { return number == 0 ? "-" : grouped(number); }

std::vector<Column> columns_of(const WatchView& view) {
  std::vector<Column> columns{{"NAME", {}, false, 7},  {"STATE", {}, false, 5},   {"LAG", {}, true, 6},
                              {"BEHIND", {}, true, 3}, {"EVENTS/S", {}, true, 1}, {"RETRY", {}, true, 2},
                              {"FAILED", {}, true, 4}};
  for (const auto& status : view.report.subscriptions) {
    const auto rate = view.history.acknowledged_per_second(status.name);
    const std::string cells[] = {shortened(status.name, longest_name),
                                 state_of(status),
                                 grouped(status.lag_events),
                                 rough_duration(status.lag_seconds),
                                 count(std::llround(rate)),
                                 count(status.tasks.retrying),
                                 count(status.tasks.failed)};
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i].cells.push_back(cells[i]);
  }
  return columns;
}

std::size_t width_of(const std::vector<Column>& columns) {
  std::size_t width = 0;
  for (const auto& column : columns) width += column.width() + gap;
  return width - gap;
}

// Makes names shorter, down to `shortest`, as far as that is needed.
void shorten_names(std::vector<Column>& columns, std::size_t width, std::size_t shortest) {
  const auto all = width_of(columns);
  if (all <= width) return;
  auto& names = columns.front();
  const auto now = names.width();
  const auto room = std::max(now - std::min(now, all - width), std::min(now, shortest));
  for (auto& name : names.cells) name = shortened(name, room);
}

void leave_out_what_does_not_fit(std::vector<Column>& columns, std::size_t width) {
  shorten_names(columns, width - std::min(width, gap + shortest_bars), usual_name);
  while (width_of(columns) > width && columns.size() > 2) {
    columns.erase(std::min_element(columns.begin(), columns.end(), [](const auto& one, const auto& other) {
      return one.importance < other.importance;
    }));
  }
  shorten_names(columns, width, shortest_name);
}

std::string padded(const std::string& text, std::size_t width, bool at_left) {
  const std::string space(width - std::min(width, characters(text)), ' ');
  return at_left ? space + text : text + space;
}

std::string joined(const std::vector<Column>& columns, std::optional<std::size_t> row) {
  std::string line;
  for (const auto& column : columns) {
    if (!line.empty()) line.append(gap, ' ');
    line += padded(row ? column.cells[*row] : column.heading, column.width(), column.is_number);
  }
  return line;
}

bool needs_somebody(const SubscriptionStatus& status) {
  return status.trouble || status.needed_load || status.tasks.failed > 0;
}

void add_table(std::vector<ScreenLine>& page, const WatchView& view, std::size_t width, bool utf8) {
  auto columns = columns_of(view);
  leave_out_what_does_not_fit(columns, width);
  const auto used = width_of(columns) + gap;
  const auto bars = width >= used + shortest_bars ? width - used : 0;
  page.push_back({joined(columns, std::nullopt), Style::Heading});
  if (bars > 0) page.back().text.append("  ").append(bars_heading);
  const auto& all = view.report.subscriptions;
  for (std::size_t row = 0; row < all.size(); ++row) {
    auto line = joined(columns, row);
    const auto& lags = view.history.lags(all[row].name);
    if (bars > 0) line += "  " + sparkline(lags, std::min(bars, lags.size()), utf8);
    page.push_back({line, needs_somebody(all[row]) ? Style::Trouble : Style::Plain});
  }
}

// In as many lines as it needs, but no more than three.
void add_wrapped(std::vector<ScreenLine>& page, const std::string& sentence, std::size_t width, Style style) {
  auto text = printable(one_line(sentence));
  for (int line = 1; line < most_lines_of_sentence && characters(text) > width; ++line) {
    const auto end = text.rfind(' ', width);
    if (end == std::string::npos || end == 0) break;
    page.push_back({text.substr(0, end), style});
    text.erase(0, end + 1);
  }
  page.push_back({shortened(text, width), style});
}

void add_load(std::vector<ScreenLine>& page, const SubscriptionStatus& status, std::size_t width) {
  auto progress = progress_of(*status.load);
  progress.what.insert(0, status.name + ": loads ");
  const auto text = progress.what + ": " + progress_text(progress);
  if (characters(text) > width) return add_wrapped(page, text, width, Style::Plain);
  page.push_back({progress_bar(progress, width), Style::Plain});
}

void add_notes(std::vector<ScreenLine>& page, const SubscriptionStatus& status, const WatchView& view,
               std::size_t width) {
  const auto add = [&](const std::string& text, Style style) {
    page.push_back({shortened(status.name + ": " + text, width), style});
  };
  const auto add_trouble = [&](const std::string& text) {
    add_wrapped(page, status.name + ": " + text, width, Style::Trouble);
  };
  if (status.trouble) add_trouble(status.trouble->text);
  if (status.needed_load) add_trouble("every table is to be loaded: " + status.needed_load->text);
  if (status.tasks.failed > 0) {
    add(grouped(status.tasks.failed) + " failed, oldest open task " +
            rough_duration(std::max(status.tasks.oldest_seconds.value_or(0), 0.0)) +
            ": mailboat failed list " + status.name,
        Style::Trouble);
  }
  if (status.load) add_load(page, status, width);
  for (const auto& operation : view.report.operations) {
    if (operation.subscription == status.name) add(operation_line(operation), Style::Plain);
  }
}

void add_head(std::vector<ScreenLine>& page, const WatchView& view, std::size_t width) {
  auto title =
      "mailboat: " + grouped(std::llround(view.history.captured_per_second())) + " events/s captured";
  const auto used = characters(title) + gap + characters(view.looked_at);
  title =
      used <= width ? title + std::string(width - used + gap, ' ') + view.looked_at : shortened(title, width);
  page.push_back({title, Style::Heading});
  page.push_back({shortened(log_line(view.report.log), width), Style::Faint});
  if (!view.trouble.empty()) {
    add_wrapped(page, "no answer since " + view.looked_at + ", trying again: " + view.trouble, width,
                Style::Trouble);
  }
  page.push_back({"", Style::Plain});
}

void cut(std::vector<ScreenLine>& page, const ScreenSize& size) {
  if (page.size() <= size.rows) return;
  const auto kept = std::max<std::size_t>(size.rows, 1) - 1;
  const auto left_out = page.size() - kept;
  page.resize(kept);
  page.push_back({shortened("... " + std::to_string(left_out) + " more lines", size.columns), Style::Faint});
}

}  // namespace

std::vector<ScreenLine> watch_page(const WatchView& view, const ScreenSize& size, bool utf8) {
  std::vector<ScreenLine> page;
  add_head(page, view, size.columns);
  if (view.report.subscriptions.empty()) {
    page.push_back({shortened(no_subscription, size.columns), Style::Plain});
  } else {
    add_table(page, view, size.columns, utf8);
    page.push_back({"", Style::Plain});
    for (const auto& status : view.report.subscriptions) add_notes(page, status, view, size.columns);
  }
  cut(page, size);
  return page;
}

}  // namespace mailboat::cli
