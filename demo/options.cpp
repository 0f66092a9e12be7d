#include "demo/options.hpp"

#include <charconv>

#include "common/error.hpp"

namespace mailboat::demo {
namespace {

/// Numbers as typed.
struct Texts {
  std::string rows = "200000";
  std::string seconds = "10";
  std::string connections = "8";
  std::string drain = "1000000";
};

std::int64_t number(const char* option, const std::string& text, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    throw InvalidInput("--" + std::string(option) + " takes a number from " + std::to_string(least) + " to " +
                       std::to_string(most) + ", not '" + text + "'");
  }
  return value;
}

void declare(CommandLine& line, DemoOptions& options, Texts& texts) {
  line.argument({.name = "scrobbles",
                 .value = "FILE",
                 .help = "A Last.fm export as CSV with the columns date, artist, track and album"},
                options.scrobbles);
  line.argument({.name = "postgres",
                 .value = "CONNECTION",
                 .help = "Your server instead of a throw-away one: a URI or key=value pairs"},
                options.postgres);
  line.argument({.name = "rows", .value = "N", .help = "Scrobbles that are there before mailboat comes"},
                texts.rows);
  line.argument({.name = "seconds", .value = "N", .help = "How long the application changes rows"},
                texts.seconds);
  line.argument({.name = "connections", .value = "N", .help = "How many connections change rows"},
                texts.connections);
  line.argument({.name = "drain", .value = "N", .help = "Backlog to drain against the clock; 0 for none"},
                texts.drain);
  line.argument({.name = "keep", .value = "", .help = "Stay, with everything running, until Ctrl-C"},
                options.keep);
}

void read_numbers(const Texts& texts, DemoOptions& options) {
  options.rows = number("rows", texts.rows, 1, 100'000'000);
  options.seconds = number("seconds", texts.seconds, 1, 86'400);
  options.connections = number("connections", texts.connections, 1, 64);
  options.drain = number("drain", texts.drain, 0, 100'000'000);
}

}  // namespace

std::variant<DemoOptions, ExitCode> parse_options(int argc, const char* const* argv, Terminal terminal) {
  DemoOptions options;
  Texts texts;
  CommandLine line(
      "mailboat-demo",
      "Carries Last.fm scrobbles from PostgreSQL to SQLite, live, through a crash, and compares.",
      "./dev demo --scrobbles my-scrobbles.csv --seconds 30");
  declare(line, options, texts);
  line.check([&] { read_numbers(texts, options); });
  if (const auto code = line.parse(argc, argv, terminal)) return *code;
  return options;
}

}  // namespace mailboat::demo
