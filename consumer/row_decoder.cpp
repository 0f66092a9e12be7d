#include "consumer/row_decoder.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <simdjson.h>
#include <unordered_map>

#include "common/error.hpp"
#include "consumer/plain_json.hpp"
#include "consumer/scalar_decoder.hpp"

namespace mailboat::consumer {
namespace {

namespace ondemand = simdjson::ondemand;

std::string_view trimmed(std::string_view token) {
  const auto end = token.find_last_not_of(" \t\r\n");
  return token.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

// A field's name as it stands in the JSON text, closing quote included: the usual case is compared without
// unescaping.
std::string quoted_tail(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

void decode_boolean(bool is_true, Form form, Value& value) {
  // Of a type that has a cast to json.
  if (form == Form::Text) return decode_text(is_true ? "true" : "false", value);
  value.integer = is_true ? 1 : 0;
  value.kind = Value::Kind::Integer;
}

// False when it is not plain.
bool decode_scalar(const PlainJson::Scalar& json, Form form, Value& value, TextArena& texts) {
  using Kind = PlainJson::Kind;
  if (json.kind == Kind::NotPlain) return false;
  if (json.kind == Kind::Null) return true;  // as it is
  if (form == Form::Json) {
    // With its quotes.
    decode_text(
        json.kind == Kind::String ? std::string_view(json.text.data() - 1, json.text.size() + 2) : json.text,
        value);
  } else if (json.kind == Kind::String) {
    decode_string(json.text, form, value, texts);
  } else if (json.kind == Kind::Number) {
    decode_number(json.text, form, value);
  } else {
    decode_boolean(json.kind == Kind::True, form, value);
  }
  return true;
}

void decode_string(ondemand::value json, Form form, Value& value, TextArena& texts) {
  const auto plain = PlainJson(json.raw_json_token()).scalar();
  const bool is_plain = plain.kind == PlainJson::Kind::String;
  decode_string(is_plain ? plain.text : texts.keep(json.get_string()), form, value, texts);
}

void decode_value(ondemand::value json, Form form, Value& value, TextArena& texts) {
  if (form == Form::Json && json.type() != ondemand::json_type::null) {
    return decode_text(trimmed(simdjson::to_json_string(json)), value);
  }
  switch (json.type()) {
    case ondemand::json_type::null:
      value.kind = Value::Kind::Null;
      return;
    case ondemand::json_type::string:
      return decode_string(json, form, value, texts);
    case ondemand::json_type::number:
      return decode_number(trimmed(json.raw_json_token()), form, value);
    case ondemand::json_type::boolean:
      return decode_boolean(json.get_bool(), form, value);
    case ondemand::json_type::object:
    case ondemand::json_type::array:
      return decode_text(trimmed(simdjson::to_json_string(json)), value);
  }
}

}  // namespace

struct RowDecoder::Impl {
  // One field of the payload, and the column that is read from it.
  struct Field {
    std::string quoted_tail;
    std::string introduction;  // all that stands before its value, where the fields come in this order
    Form form;
    std::size_t column;
  };

  explicit Impl(std::span<const Column> columns) : values(columns.size()) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto& column = columns[i];
      if (column.field.empty()) continue;
      by_name.emplace(column.field, fields.size());
      const auto tail = quoted_tail(column.field);
      fields.push_back({tail, (fields.empty() ? "{\"" : ",\"") + tail + ':', form_of(column.type), i});
    }
  }

  // The index of a field. PostgreSQL writes them in the columns' order, so it is nearly always the one after
  // the last.
  std::optional<std::size_t> find(ondemand::field& field, std::size_t expected, const char* json_end) {
    if (expected < fields.size()) {
      const auto& tail = fields[expected].quoted_tail;
      const char* key = field.key().raw();
      const auto readable = static_cast<std::size_t>(json_end - key);
      if (tail.size() <= readable && std::memcmp(key, tail.data(), tail.size()) == 0) return expected;
    }
    const std::string_view name = field.unescaped_key();
    const auto found = by_name.find(std::string(name));
    if (found == by_name.end()) return std::nullopt;
    return found->second;
  }

  // The usual case, a good deal quicker: exactly these fields, in this order, all plain. False if it is not.
  bool decode_plain(std::string_view json, std::span<Value> row, TextArena& texts) {
    PlainJson rest(json);
    for (const auto& field : fields) {
      if (!rest.skip(field.introduction)) return false;
      if (!decode_scalar(rest.scalar(), field.form, row[field.column], texts)) return false;
    }
    return rest.skip("}") && rest.at_end() && simdjson::validate_utf8(json.data(), json.size());
  }

  void decode(std::string_view json, std::size_t capacity, std::span<Value> row, TextArena& texts) {
    std::fill(row.begin(), row.end(), Value());
    if (decode_plain(json, row, texts)) return;
    std::fill(row.begin(), row.end(), Value());
    auto document = parser.iterate(simdjson::padded_string_view(json.data(), json.size(), capacity));
    std::size_t expected = 0;
    for (auto item : document.get_object()) {
      ondemand::field field = std::move(item);
      const auto index = find(field, expected, json.data() + json.size());
      if (!index) continue;
      decode_value(field.value(), fields[*index].form, row[fields[*index].column], texts);
      expected = *index + 1;
    }
  }

  ondemand::parser parser;
  std::vector<Field> fields;
  std::unordered_map<std::string, std::size_t> by_name;
  std::vector<Value> values;  // of decode() in place
  TextArena own_texts;        // likewise
};

RowDecoder::RowDecoder(std::span<const Column> columns) : impl_(std::make_unique<Impl>(columns)) {}

RowDecoder::~RowDecoder() = default;
RowDecoder::RowDecoder(RowDecoder&&) noexcept = default;
RowDecoder& RowDecoder::operator=(RowDecoder&&) noexcept = default;

const std::vector<Value>& RowDecoder::decode(std::string_view json, const char* buffer_end) {
  impl_->own_texts.clear();
  decode(json, buffer_end, impl_->values, impl_->own_texts);
  return impl_->values;
}

void RowDecoder::decode(std::string_view json, const char* buffer_end, std::span<Value> values,
                        TextArena& texts) {
  try {
    auto readable = static_cast<std::size_t>(buffer_end - json.data());
    if (readable < json.size() + simdjson::SIMDJSON_PADDING) {
      readable = json.size() + simdjson::SIMDJSON_PADDING;
      auto* const padded = texts.allocate(readable);
      std::fill_n(std::copy(json.begin(), json.end(), padded), simdjson::SIMDJSON_PADDING, '\0');
      json = {padded, json.size()};
    }
    impl_->decode(json, readable, values, texts);
  } catch (const simdjson::simdjson_error& error) {
    throw InvalidInput(std::string("not a JSON object: ") + error.what());
  }
}

}  // namespace mailboat::consumer
