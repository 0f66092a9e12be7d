#include "cli/selection_options.hpp"

#include <algorithm>

#include "cli/json.hpp"
#include "common/error.hpp"
#include "common/option_value.hpp"

namespace mailboat::cli {
namespace {

constexpr auto all = "*";

constexpr auto settings_query = R"sql(
SELECT coalesce('topics ' || array_to_string(s.topics, ', '), 'all topics') || coalesce(
         (SELECT string_agg('; of ' || l.key || ' only ' || (SELECT coalesce(string_agg(c, ', ' ORDER BY place), 'nothing')
                                                             FROM jsonb_array_elements_text(l.value) WITH ORDINALITY u(c, place)),
                            '' ORDER BY l.key)
          FROM outbox.selection x CROSS JOIN LATERAL jsonb_each(x.columns) l WHERE x.subscription = s.id), '')
FROM outbox.subscription s WHERE s.name = $1
)sql";

std::string with_commas(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

}  // namespace

void SelectionOptions::declare(CommandLine& line) {
  line.argument(
      {.name = "topics",
       .value = "TOPIC,...",
       .help = "Only these, as schema.table without quotes; '*' for all, now and later, which holds "
               "if never set"},
      topics_);
  line.argument(
      {.name = "columns",
       .value = "TOPIC=COLUMN,...",
       .help = "Of this topic only these columns, its key among them; TOPIC='*' for all again. Once "
               "for each topic",
       .has_commas = true},
      columns_);
  line.check([this] { read(); });
}

void SelectionOptions::read() {
  if (topics_.size() > 1 && std::find(topics_.begin(), topics_.end(), all) != topics_.end())
    throw ConfigurationError("--topics: * means all topics. Give it alone, or leave it out");
  for (const auto& text : columns_) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
      throw ConfigurationError("--columns: expected TOPIC=COLUMN,... or TOPIC=*, got '" + text + "'");
    ColumnList list{text.substr(0, equals), split_at_commas(text.substr(equals + 1))};
    if (list.columns == std::vector<std::string>{all}) list.columns.clear();
    const auto same = [&list](const ColumnList& other) { return other.topic == list.topic; };
    if (std::any_of(lists_.begin(), lists_.end(), same))
      throw ConfigurationError("--columns: " + list.topic +
                               " is there twice. List all of its columns in one");
    lists_.push_back(std::move(list));
  }
}

std::string SelectionOptions::columns_json() const {
  JsonWriter json;
  json.begin_object();
  for (const auto& list : lists_) {
    json.key(list.topic);
    if (list.columns.empty()) {
      json.null();
      continue;
    }
    json.begin_array();
    for (const auto& column : list.columns) json.value(column);
    json.end_array();
  }
  json.end_object();
  return json.text();
}

std::vector<std::string> SelectionOptions::store(postgres::Connection& connection,
                                                 const std::string& subscription) const {
  std::optional<std::string> topics;
  if (!topics_.empty()) topics = postgres::array_literal(topics_);
  const auto rows = connection.query("SELECT unnest(outbox.configure_selection($1, $2::text[], $3::jsonb))",
                                     {subscription, topics, columns_json()});
  std::vector<std::string> tables;
  for (int row = 0; row < rows.size(); ++row) tables.emplace_back(rows.text(row, 0));
  return tables;
}

void SelectionOptions::warn_of_untracked(postgres::Connection& connection, std::ostream& err) const {
  auto topics = topics_;
  for (const auto& list : lists_) {
    if (std::find(topics.begin(), topics.end(), list.topic) == topics.end()) topics.push_back(list.topic);
  }
  for (const auto& topic : topics) {
    if (topic == all || !connection.query("SELECT FROM outbox.tracked WHERE topic = $1", {topic}).empty())
      continue;
    err << "mailboat: note: no tracked table has the topic " << topic << " so far\n";
  }
}

std::string selection_settings(postgres::Connection& connection, const std::string& subscription) {
  return std::string(connection.query(settings_query, {subscription}).text(0, 0));
}

void tell_of_loads(postgres::Connection& connection, const std::string& subscription,
                   const std::vector<std::string>& tables, std::ostream& out) {
  if (tables.empty()) return;
  const auto start =
      connection.query("SELECT start FROM outbox.subscription WHERE name = $1", {subscription});
  if (start.text(0, 0) == "load") {
    out << "Loaded in place by its next session: " << shown(tables) << '\n';
  } else {
    out << "It did not start with a load, so nothing is loaded by itself. For the rows of now: mailboat load "
        << subscription << " --tables " << with_commas(tables) << '\n';
  }
}

}  // namespace mailboat::cli
