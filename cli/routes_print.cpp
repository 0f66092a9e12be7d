#include "cli/routes_print.hpp"

#include <algorithm>
#include <sstream>

#include "cli/json.hpp"
#include "cli/shortened.hpp"
#include "cli/text_table.hpp"
#include "common/characters.hpp"

namespace mailboat::cli {
namespace {

using consumer::Route;
using consumer::StoredValue;
using consumer::TriedRoute;
using consumer::WrittenTable;

constexpr std::size_t value_width = 40;

void print_statement(std::ostream& out, const std::string& title, const std::string& statement) {
  if (statement.empty()) return;
  out << "  " << title << '\n';
  std::istringstream lines(statement);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) out << "    " << printable(line) << '\n';
  }
}

std::string kind_of(const std::string& topic, bool is_tracked, bool knows_source) {
  if (topic == "*") return "all topics without a route";
  if (is_tracked) return "tracked table " + topic;
  return (knows_source ? "application's topic " : "topic ") + topic;
}

void print_route(std::ostream& out, const TriedRoute& tried, const std::string& source) {
  const auto& route = tried.route;
  const bool is_history = route.mode == Route::Mode::History;
  out << place_in(route.place.file, route.place.line) << ": route " << route.place.number << ": " << source
      << (is_history ? ", each event into table " : " into table ")
      << (route.table.empty() ? "of its name" : route.table) << '\n';
  print_statement(out, "make the table:", tried.create);
  print_statement(out, is_history ? "append an event:" : "write a row:", tried.write);
  print_statement(out, "delete it instead, unless:", tried.filter);
  print_statement(out, "delete a row:", tried.remove);
}

std::string shown_value(const StoredValue& value) {
  if (value.storage == "null") return "NULL";
  if (value.storage == "blob") return shortened("x'" + value.text + "'", value_width);
  return shortened(value.text, value_width);
}

// `integer`, or `integer/text` where the column holds both; NULL says nothing.
std::string classes_of(const WrittenTable& written, std::size_t column) {
  std::vector<std::string> classes;
  for (const auto& row : written.rows) {
    const auto& storage = row[column].storage;
    const bool is_known = std::find(classes.begin(), classes.end(), storage) != classes.end();
    if (storage != "null" && !is_known) classes.push_back(storage);
  }
  std::string text;
  for (const auto& one : classes) text += (text.empty() ? "" : "/") + one;
  return text.empty() ? "null" : text;
}

void write_value(JsonWriter& json, const StoredValue& value) {
  json.begin_object().key("class").value(value.storage).key("value");
  if (value.storage == "null") {
    json.null();
  } else if (value.storage == "integer") {
    json.json(value.text);
  } else {
    json.value(value.text);
  }
  json.end_object();
}

}  // namespace

void print_tried(std::ostream& out, const consumer::TriedTopic& topic, bool knows_source) {
  const auto source = kind_of(topic.topic, topic.is_tracked, knows_source);
  if (topic.is_skipped) out << source << ": skipped\n";
  for (const auto& tried : topic.routes) print_route(out, tried, source);
  for (const auto& unknown : topic.unknown) out << "  not checked: " << unknown << '\n';
}

void print_written(std::ostream& out, const WrittenTable& written) {
  out << written.topic << " into table " << written.table << ": " << written.given
      << (written.given == 1 ? " row" : " rows") << " taken, " << written.left_out
      << " left out by the filter, " << written.refused.size() << " refused\n";
  for (const auto& reason : written.refused) out << "  " << printable(reason) << '\n';
  if (written.rows.empty()) return;
  std::vector<std::vector<std::string>> table(2);
  for (std::size_t i = 0; i < written.columns.size(); ++i) {
    table[0].push_back(printable(written.columns[i]));
    table[1].push_back(classes_of(written, i));
  }
  for (const auto& row : written.rows) {
    auto& line = table.emplace_back();
    for (const auto& value : row) line.push_back(shown_value(value));
  }
  print_table(out, table);
}

void print_written_json(std::ostream& out, const std::vector<WrittenTable>& written) {
  JsonWriter json;
  json.begin_array();
  for (const auto& table : written) {
    json.begin_object().key("topic").value(table.topic).key("table").value(table.table);
    json.key("given").value(static_cast<std::int64_t>(table.given));
    json.key("left_out").value(static_cast<std::int64_t>(table.left_out));
    json.key("refused").begin_array();
    for (const auto& reason : table.refused) json.value(reason);
    json.end_array().key("rows").begin_array();
    for (const auto& row : table.rows) {
      json.begin_object();
      for (std::size_t i = 0; i < row.size(); ++i) {
        json.key(table.columns[i]);
        write_value(json, row[i]);
      }
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
  out << json.text() << '\n';
}

}  // namespace mailboat::cli
