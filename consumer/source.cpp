#include "consumer/source.hpp"

#include <algorithm>
#include <iterator>

#include "common/config_entry.hpp"
#include "common/curve_key.hpp"
#include "common/endpoint.hpp"
#include "common/mistakes.hpp"
#include "consumer/table_schema.hpp"
#include "consumer/target_sql.hpp"

namespace mailboat::consumer {
namespace {

const std::vector<std::string> known_keys{"name", "producer", "producer_key", "subscription", "prefix"};

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '_' || c == '-'; });
}

bool is_prefix(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_letter_or_digit(c) || c == '_'; });
}

/// Reads one [[source]].
class SourceReader {
 public:
  SourceReader(const std::string& file, std::size_t number, const ConfigTable& table)
      : entry_(file, "source", number, table) {}

  Source read(const std::vector<Source>& before) {
    Source source;
    source.name = name(before);
    entry_.call(source.name);
    entry_.refuse_unknown_keys(known_keys, ". A setting of the consumer stands above the first [[source]]");
    source.producers = producers();
    source.subscription =
        entry_.text("subscription",
                    "Give what was made with mailboat subscribe NAME, for example: subscription = \"shop\"");
    if (entry_.find("prefix") != nullptr) source.prefix = prefix();
    if (entry_.find("producer_key") != nullptr) source.producer_keys = producer_keys();
    refuse_same_stream(source, before);
    return source;
  }

 private:
  std::string name(const std::vector<Source>& before) const {
    const std::string remedy = "Give letters, digits, _ and -, for example: name = \"eu\"";
    auto name = entry_.text("name", remedy);
    if (!is_name(name)) entry_.fail("name", "'" + name + "' has other characters. " + remedy);
    for (const auto& other : before) {
      if (other.name == name)
        entry_.fail("name", "another source is called '" + name + "' already. Rename one of them");
    }
    return name;
  }

  void refuse_same_stream(const Source& source, const std::vector<Source>& before) const {
    for (const auto& other : before) {
      const bool same_producer =
          std::find_first_of(source.producers.begin(), source.producers.end(), other.producers.begin(),
                             other.producers.end()) != source.producers.end();
      if (!same_producer || source.subscription != other.subscription) continue;
      entry_.fail("subscription", "source '" + other.name + "' follows subscription '" + other.subscription +
                                      "' of the same producer already. Leave one of them out");
    }
  }

  // One text, or a list of them.
  std::vector<std::string> texts(const std::string& key, const std::string& remedy) const {
    const auto* value = entry_.find(key);
    const auto* list = value == nullptr ? nullptr : std::get_if<std::vector<std::string>>(value);
    auto given = list == nullptr ? std::vector<std::string>{entry_.text(key, remedy)} : *list;
    if (given.empty()) entry_.fail(key, "the list is empty. " + remedy);
    return given;
  }

  std::vector<std::string> producers() const {
    auto given = texts("producer",
                       "Give where mailboat-producer listens, for example: producer = "
                       "\"tcp://127.0.0.1:5657\"");
    try {
      for (const auto& endpoint : given) require_endpoint(endpoint);
    } catch (const InvalidInput& error) {
      entry_.fail("producer", error.what());
    }
    return given;
  }

  std::vector<std::string> producer_keys() const {
    auto given = texts("producer_key", "Give the producer's public key, or leave it out");
    try {
      for (const auto& key : given) require_key(key);
    } catch (const InvalidInput& error) {
      entry_.fail("producer_key", error.what());
    }
    return given;
  }

  std::string prefix() const {
    const std::string remedy = "Give letters, digits and _, for example: prefix = \"eu_\"";
    const auto* given = std::get_if<std::string>(entry_.find("prefix"));
    if (given == nullptr) entry_.fail("prefix", "expected a text. " + remedy);
    if (!is_prefix(*given)) entry_.fail("prefix", "'" + *given + "' has other characters. " + remedy);
    if (is_reserved_table(*given)) {
      entry_.fail(
          "prefix",
          "'" + *given + "': names that begin with sqlite_ or _mailboat_ are reserved. Choose another");
    }
    return *given;
  }

  ConfigEntry entry_;
};

std::string names_of(const std::vector<Source>& sources) {
  std::string names;
  for (const auto& source : sources) names += (names.empty() ? "" : ", ") + source.name;
  return names;
}

void assign(Route& route, const std::vector<Source>& sources) {
  const auto what = place_of(route, "source");
  const bool has_names = !sources.front().name.empty();
  if (!has_names && !route.source.empty()) {
    throw ConfigurationError(what + ": there is no [[source]] '" + route.source + "'. Leave it out");
  }
  if (route.source.empty() && sources.size() == 1) route.source = sources.front().name;
  if (std::any_of(sources.begin(), sources.end(),
                  [&](const Source& source) { return source.name == route.source; }))
    return;
  throw ConfigurationError(
      what + ": " +
      (route.source.empty() ? std::string("is missing") : "there is no [[source]] '" + route.source + "'") +
      ". Say whose topic it is (the sources are: " + names_of(sources) + ")");
}

}  // namespace

std::vector<Source> parse_sources(const std::string& file, const std::vector<ConfigTable>& tables) {
  std::vector<Source> sources;
  Mistakes mistakes;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    mistakes.attempt([&] { sources.push_back(SourceReader(file, i + 1, tables[i]).read(sources)); });
  }
  mistakes.raise();
  return sources;
}

void assign_routes(std::vector<Route>& routes, const std::vector<Source>& sources) {
  for (auto& route : routes) {
    assign(route, sources);
    for (const auto& other : routes) {
      if (&other == &route) break;
      if (other.source == route.source || route.table.empty()) continue;
      if (lower_case(other.table) != lower_case(route.table)) continue;
      throw ConfigurationError(
          place_of(route, "table") + ": a route of source '" + other.source + "' writes to '" + other.table +
          "' already, and a table belongs to one source. Give one of them another table");
    }
  }
}

std::string producer_key_of(const Source& source, const std::string& endpoint) {
  if (source.producer_keys.size() < 2)
    return source.producer_keys.empty() ? "" : source.producer_keys.front();
  const auto found = std::find(source.producers.begin(), source.producers.end(), endpoint);
  return source.producer_keys.at(static_cast<std::size_t>(found - source.producers.begin()));
}

std::vector<Route> routes_of_source(const Source& source, const std::vector<Route>& routes) {
  std::vector<Route> own;
  std::copy_if(routes.begin(), routes.end(), std::back_inserter(own),
               [&source](const Route& route) { return route.source == source.name; });
  return own;
}

}  // namespace mailboat::consumer
