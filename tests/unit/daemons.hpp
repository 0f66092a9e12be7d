#pragma once

#include <gtest/gtest.h>
#include <regex>
#include <string>
#include <variant>
#include <vector>

#include "consumer/options.hpp"
#include "producer/options.hpp"
#include "tests/unit/parsing.hpp"

namespace mailboat::test {

/// A daemon's command line, without the daemon.
struct Daemon {
  std::string name;
  std::vector<std::string> required;  ///< flags without which it does not begin
  std::optional<ExitCode> (*parse)(const std::vector<std::string>& arguments, Terminal terminal,
                                   const Environment& environment);
};
inline void PrintTo(const Daemon& daemon, std::ostream* out) { *out << daemon.name; }

template <auto parse_options>
std::optional<ExitCode> parse_only(const std::vector<std::string>& arguments, Terminal terminal,
                                   const Environment& environment) {
  const auto parsed = parse_options(arguments, terminal, environment);
  if (const auto* code = std::get_if<ExitCode>(&parsed)) return *code;
  return std::nullopt;
}

using ParseProducer = std::variant<producer::ProducerOptions, ExitCode>(const std::vector<std::string>&,
                                                                        Terminal, const Environment&);
using ParseConsumer = std::variant<consumer::ConsumerOptions, ExitCode>(const std::vector<std::string>&,
                                                                        Terminal, const Environment&);

inline std::vector<Daemon> daemons() {
  return {{"producer", {}, parse_only<static_cast<ParseProducer*>(&producer::parse_options)>},
          {"consumer",
           {"--producer", "tcp://127.0.0.1:5657", "--subscription", "shop", "--database", "shop.db"},
           parse_only<static_cast<ParseConsumer*>(&consumer::parse_options)>}};
}

/// What the daemon prints when it is asked for something and ends well.
inline std::string printed_by(const Daemon& daemon, const std::vector<std::string>& arguments) {
  Printed printed;
  EXPECT_EQ(daemon.parse(arguments, printed.terminal(), environment_of({})), ExitCode::Done)
      << printed.err.str();
  EXPECT_EQ(printed.err.str(), "");
  return printed.out.str();
}

/// The first matches of the group in `pattern`, line by line.
inline std::vector<std::string> all_matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  std::istringstream lines(text);
  std::smatch match;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_search(line, match, regex)) found.push_back(match[1]);
  }
  return found;
}

/// The keys of the configuration file that the daemon knows, in the order in which it declares them.
inline std::vector<std::string> keys_of(const Daemon& daemon) {
  return all_matches(printed_by(daemon, {"--print-config-reference"}), "^\\| `([a-z_]+)` \\|");
}

inline std::vector<std::string> variables_of(const Daemon& daemon) {
  return all_matches(printed_by(daemon, {"--print-config-reference"}), "\\| `(MAILBOAT_[A-Z_]+)` \\|");
}

}  // namespace mailboat::test
