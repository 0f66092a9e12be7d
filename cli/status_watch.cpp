#include "cli/status_watch.hpp"

#include <algorithm>
#include <ctime>
#include <optional>
#include <utility>

#include "cli/screen.hpp"
#include "cli/sentence.hpp"
#include "cli/watch_page.hpp"
#include "common/pause.hpp"
#include "common/shutdown.hpp"

namespace mailboat::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

std::string time_now() {
  const auto now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%H:%M:%S UTC", &utc);
  return text;
}

/// Reads the status, and connects anew where the connection has broken.
class Reader {
 public:
  Reader(const Context& context, postgres::Connection connection)
      : context_(context), connection_(std::move(connection)) {}

  /// Throws Error when it cannot be read now.
  StatusReport read() {
    const auto began = Clock::now();
    try {
      if (!connection_) connection_.emplace(connect_to_outbox(context_));
      auto report = read_status(*connection_);
      took_ = std::chrono::ceil<milliseconds>(Clock::now() - began);
      return report;
    } catch (const Error&) {
      connection_.reset();
      throw;
    }
  }
  /// How long the last one took that could be read.
  [[nodiscard]] milliseconds took() const { return took_; }

 private:
  const Context& context_;
  std::optional<postgres::Connection> connection_;
  milliseconds took_{0};
};

void look(Reader& reader, WatchView& view) {
  view.report = reader.read();
  view.history.add(Clock::now(), view.report);
  view.looked_at = time_now();
  view.trouble.clear();
}

void look_again(Reader& reader, WatchView& view) {
  try {
    look(reader, view);
  } catch (const Error& error) {
    view.history.add_gap();
    view.trouble = error.what();
  }
}

void watch_on_screen(const Context& context, Reader reader, milliseconds interval) {
  WatchView view;
  look(reader, view);
  const auto environment = process_environment();
  Screen screen(context.terminal.out, shows_color(environment));
  const ShutdownSignal shutdown;
  const auto stop = shutdown.token();
  // At once, also while PostgreSQL does not answer: a second signal would end us where we are.
  const std::stop_callback restore(stop, [&screen] { screen.leave(); });
  auto next = Clock::now() + wait_after_look(reader.took(), interval);
  while (!stop.stop_requested()) {
    screen.show(watch_page(view, Screen::size(), shows_utf8(environment)));
    screen.wait(stop, std::max(std::chrono::ceil<milliseconds>(next - Clock::now()), milliseconds(0)));
    if (Clock::now() < next) continue;
    look_again(reader, view);
    next = Clock::now() + wait_after_look(reader.took(), interval);
  }
}

void print(std::ostream& out, const StatusReport& report, bool json) {
  if (!json) out << time_now() << '\n';
  json ? print_status_json(out, report) : print_status(out, report);
  out << (json ? "" : "\n") << std::flush;
}

// A right that was taken away, or a table: waiting does not bring it back, and without a screen nobody sees
// for how long there has been no answer. Source: PostgreSQL manual, appendix A, class 42.
bool is_refused(const Error& error) {
  const auto* failed = dynamic_cast<const postgres::StatementFailed*>(&error);
  return failed != nullptr && failed->sqlstate().starts_with("42");
}

void watch_as_text(const Context& context, Reader reader, milliseconds interval, bool json) {
  const ShutdownSignal shutdown;
  auto& out = context.terminal.out;
  print(out, reader.read(), json);
  std::string said;
  while (true) {
    pause(shutdown.token(), wait_after_look(reader.took(), interval));
    if (shutdown.token().stop_requested()) return;
    try {
      print(out, reader.read(), json);
      said.clear();
    } catch (const Error& error) {
      if (is_refused(error)) throw;
      if (said != error.what()) {
        context.terminal.err << "mailboat: " << one_line(error.what()) << "; trying again\n" << std::flush;
      }
      said = error.what();
    }
  }
}

}  // namespace

StatusReport read_status(postgres::Connection& connection) {
  return {read_subscription_status(connection), read_open_operations(connection),
          read_log_status(connection)};
}

milliseconds wait_after_look(milliseconds took, milliseconds interval) {
  constexpr int share = 4;
  return std::max(interval - std::min(took, interval), took * share);
}

ExitCode watch_status(const Context& context, postgres::Connection connection, milliseconds interval,
                      bool json) {
  Reader reader(context, std::move(connection));
  if (context.terminal.out_is_screen && !json && can_be_written_over(process_environment())) {
    watch_on_screen(context, std::move(reader), interval);
  } else {
    watch_as_text(context, std::move(reader), interval, json);
  }
  return ExitCode::Done;
}

}  // namespace mailboat::cli
