#include "consumer/relation.hpp"

#include <algorithm>
#include <cstdint>
#include <simdjson.h>

#include "common/error.hpp"
#include "consumer/column_form.hpp"

namespace mailboat::consumer {
namespace {

std::string text(simdjson::ondemand::object& object, const char* field) {
  return std::string(std::string_view(object[field].get_string()));
}

Column read_column(simdjson::ondemand::object object) {
  return {text(object, "name"), text(object, "type"),
          static_cast<int>(std::int64_t(object["number"].get_int64()))};
}

void require_whole(const Relation& relation) {
  for (const auto& key : relation.key) {
    const auto named = [&key](const Column& column) { return column.name == key; };
    if (std::none_of(relation.columns.begin(), relation.columns.end(), named)) {
      throw InvalidInput("relation " + relation.topic + " has no column '" + key + "' for its key");
    }
  }
  if (relation.key.empty()) throw InvalidInput("relation " + relation.topic + " has no key");
}

}  // namespace

Column::Column(std::string column, std::string column_type, int column_number)
    : name(std::move(column)), type(std::move(column_type)), number(column_number), field(name) {}

Column::Column(std::string payload_field)
    : name(payload_field), type(any_type), number(0), field(std::move(payload_field)) {}

bool Relation::is_key(std::string_view column) const {
  return std::find(key.begin(), key.end(), column) != key.end();
}

std::vector<Column> read_as(std::vector<Column> current, const std::vector<Column>& written) {
  for (auto& column : current) {
    if (column.number == 0) continue;
    const auto then = std::find_if(written.begin(), written.end(),
                                   [&column](const Column& other) { return other.number == column.number; });
    const bool was_there = then != written.end();
    column.field = was_there ? then->name : "";
    if (was_there) column.type = then->type;
  }
  return current;
}

Relation parse_relation(std::string_view topic, std::string_view json) {
  Relation relation;
  relation.topic = topic;
  try {
    simdjson::ondemand::parser parser;
    const simdjson::padded_string padded(json);
    auto document = parser.iterate(padded);
    simdjson::ondemand::object object = document.get_object();
    relation.schema = text(object, "schema");
    relation.table = text(object, "table");
    for (auto name : object["key"].get_array())
      relation.key.emplace_back(std::string_view(name.get_string()));
    for (auto column : object["columns"].get_array())
      relation.columns.push_back(read_column(column.get_object()));
  } catch (const simdjson::simdjson_error& error) {
    throw InvalidInput("the description of relation " + relation.topic + " cannot be read: " + error.what());
  }
  require_whole(relation);
  return relation;
}

RelationNews parse_news(std::string_view topic, std::string_view json) {
  RelationNews news;
  try {
    simdjson::ondemand::parser parser;
    const simdjson::padded_string padded(json);
    auto document = parser.iterate(padded);
    simdjson::ondemand::object object = document.get_object();
    for (auto field : object) {
      const std::string_view name = field.unescaped_key();
      if (name == "renamed_from") news.renamed_from = std::string_view(field.value().get_string());
      if (name == "new") news.is_new = field.value().get_bool();
      if (name == "dropped") news.is_dropped = field.value().get_bool();
    }
  } catch (const simdjson::simdjson_error& error) {
    throw InvalidInput("the description of relation " + std::string(topic) +
                       " cannot be read: " + error.what());
  }
  return news;
}

}  // namespace mailboat::consumer
