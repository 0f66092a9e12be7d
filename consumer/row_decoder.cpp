#include "consumer/row_decoder.hpp"

#include <charconv>
#include <cstring>
#include <simdjson.h>
#include <unordered_map>

#include "common/error.hpp"
#include "consumer/json_number.hpp"

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

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// '\xdeadbeef', as bytea_output = hex prints it.
void decode_hex(std::string_view text, std::string& out) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) throw InvalidInput("not a bytea value in hex form");
  out.clear();
  for (std::size_t i = 2; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) throw InvalidInput("not a bytea value in hex form");
    out.push_back(static_cast<char>(high * 16 + low));
  }
}

// PostgreSQL writes timestamps into JSON as '2020-04-13T05:01:31.5', with '+00:00' behind it when there is a
// zone (ours is UTC), and possibly ' BC' at the very end. 'infinity' has no 'T' after a digit and stays as it
// is.
void decode_timestamp(std::string_view text, bool with_zone, std::string& out) {
  out.assign(text);
  const auto separator = out.find('T');
  if (separator == std::string::npos) return;
  out[separator] = ' ';
  if (!with_zone) return;
  const auto zone = out.find("+00:00", separator);
  if (zone == std::string::npos) throw InvalidInput("not a timestamp in UTC: " + std::string(text));
  out.replace(zone, 6, "Z");
}

void set_text(Value& value, std::string_view text) {
  value.kind = Value::Kind::Text;
  value.text.assign(text);
}

void decode_string(std::string_view text, Form form, Value& value) {
  switch (form) {
    case Form::Blob:
      value.kind = Value::Kind::Blob;
      decode_hex(text, value.text);
      return;
    case Form::Timestamp:
    case Form::TimestampWithZone:
      value.kind = Value::Kind::Text;
      decode_timestamp(text, form == Form::TimestampWithZone, value.text);
      return;
    default:
      set_text(value, text);
  }
}

bool decode_integer(std::string_view token, Value& value) {
  value.kind = Value::Kind::Integer;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value.integer);
  return error == std::errc{} && end == token.data() + token.size();
}

void decode_real(std::string_view token, Value& value) {
  value.kind = Value::Kind::Real;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value.real);
  if (error == std::errc{} && end == token.data() + token.size()) return;
  throw InvalidInput("not a double precision number: " + std::string(token));
}

void decode_any_number(std::string_view token, Value& value) {
  if (decode_integer(token, value)) return;
  const auto real = exact_double(token);
  if (!real) return set_text(value, token);
  value.kind = Value::Kind::Real;
  value.real = *real;
}

void decode_number(std::string_view token, Form form, Value& value) {
  switch (form) {
    case Form::Integer:
      if (decode_integer(token, value)) return;
      throw InvalidInput("not a 64-bit integer: " + std::string(token));
    case Form::Real:
      return decode_real(token, value);
    case Form::Any:
      return decode_any_number(token, value);
    default:
      set_text(value, token);
  }
}

void decode_value(ondemand::value json, Form form, Value& value) {
  if (form == Form::Json && json.type() != ondemand::json_type::null) {
    return set_text(value, trimmed(simdjson::to_json_string(json)));
  }
  switch (json.type()) {
    case ondemand::json_type::null:
      value.kind = Value::Kind::Null;
      return;
    case ondemand::json_type::string:
      return decode_string(json.get_string(), form, value);
    case ondemand::json_type::number:
      return decode_number(trimmed(json.raw_json_token()), form, value);
    case ondemand::json_type::boolean:
      value.integer = bool(json.get_bool()) ? 1 : 0;
      value.kind = Value::Kind::Integer;
      return;
    case ondemand::json_type::object:
    case ondemand::json_type::array:
      return set_text(value, trimmed(simdjson::to_json_string(json)));
  }
}

}  // namespace

struct RowDecoder::Impl {
  // One field of the payload, and the column that is read from it.
  struct Field {
    std::string quoted_tail;
    Form form;
    std::size_t column;
  };

  explicit Impl(std::span<const Column> columns) : values(columns.size()) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto& column = columns[i];
      if (column.field.empty()) continue;
      by_name.emplace(column.field, fields.size());
      fields.push_back({quoted_tail(column.field), form_of(column.type), i});
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

  void decode(std::string_view json, std::size_t capacity) {
    for (auto& value : values) value.kind = Value::Kind::Null;
    auto document = parser.iterate(simdjson::padded_string_view(json.data(), json.size(), capacity));
    std::size_t expected = 0;
    for (auto item : document.get_object()) {
      ondemand::field field = std::move(item);
      const auto index = find(field, expected, json.data() + json.size());
      if (!index) continue;
      decode_value(field.value(), fields[*index].form, values[fields[*index].column]);
      expected = *index + 1;
    }
  }

  ondemand::parser parser;
  std::vector<Field> fields;
  std::unordered_map<std::string, std::size_t> by_name;
  std::vector<Value> values;
  std::string padded;
};

RowDecoder::RowDecoder(std::span<const Column> columns) : impl_(std::make_unique<Impl>(columns)) {}

RowDecoder::~RowDecoder() = default;
RowDecoder::RowDecoder(RowDecoder&&) noexcept = default;
RowDecoder& RowDecoder::operator=(RowDecoder&&) noexcept = default;

const std::vector<Value>& RowDecoder::decode(std::string_view json, const char* buffer_end) {
  try {
    auto readable = static_cast<std::size_t>(buffer_end - json.data());
    if (readable < json.size() + simdjson::SIMDJSON_PADDING) {
      impl_->padded.assign(json);
      impl_->padded.append(simdjson::SIMDJSON_PADDING, '\0');
      readable = impl_->padded.size();
      json = std::string_view(impl_->padded).substr(0, json.size());
    }
    impl_->decode(json, readable);
  } catch (const simdjson::simdjson_error& error) {
    throw InvalidInput(std::string("not a JSON object: ") + error.what());
  }
  return impl_->values;
}

}  // namespace mailboat::consumer
