#include "consumer/route_examination.hpp"

#include <filesystem>
#include <system_error>

#include "consumer/route_trial.hpp"

namespace mailboat::consumer {
namespace {

void examine(const RouteTrial::Setting& setting, CommandLine::Examination& found) {
  RouteTrial trial(setting);
  std::string unknown;
  for (const auto& topic : trial.topics()) {
    const auto tried = trial.try_topic(topic);
    if (!tried.mistake.empty()) found.mistakes.add(tried.mistake);
    if (!tried.unknown.empty()) unknown += (unknown.empty() ? "" : ", ") + topic;
  }
  if (unknown.empty()) return;
  found.unchecked.push_back(
      "the routes of " + unknown +
      " against their source and the SQLite file. Try: mailboat routes check --config FILE "
      "--postgres CONNECTION --database FILE");
}

}  // namespace

void examine_routes(const ConsumerOptions& options, CommandLine::Examination& found) {
  std::error_code unreadable;
  const bool has_file = std::filesystem::exists(options.database, unreadable);
  for (const auto& source : options.sources) {
    RouteTrial::Setting setting{.routes = routes_of_source(source, options.routes), .source = source};
    if (setting.routes.empty()) continue;
    if (has_file) setting.database = options.database;
    found.mistakes.attempt([&] { examine(setting, found); });
  }
}

}  // namespace mailboat::consumer
