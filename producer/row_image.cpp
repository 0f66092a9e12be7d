#include "producer/row_image.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "postgres/copy_text.hpp"

namespace mailboat::producer {
namespace {

constexpr auto escaped = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c) table[c] = true;
  table['"'] = table['\\'] = true;
  return table;
}();

bool needs_escape(char c) { return escaped[static_cast<unsigned char>(c)]; }

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      std::array<char, 8> text{};
      std::snprintf(text.data(), text.size(), "\\u%04x", static_cast<unsigned>(c));
      out += text.data();
  }
}

// Takes from `text` what needs no escape.
std::string_view take_plain(std::string_view& text) {
  const auto plain = text.substr(
      0, static_cast<std::size_t>(std::find_if(text.begin(), text.end(), needs_escape) - text.begin()));
  text.remove_prefix(plain.size());
  return plain;
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  for (out += take_plain(text); !text.empty(); out += take_plain(text)) {
    append_escape(out, text.front());
    text.remove_prefix(1);
  }
  out += '"';
}

// The escapes of COPY mean the same in JSON, but for the vertical tab.
void append_field(std::string& out, std::string_view field) {
  out += '"';
  for (out += take_plain(field); !field.empty(); out += take_plain(field)) {
    if (field.front() != '\\') {
      append_escape(out, field.front());
      field.remove_prefix(1);
    } else if (field.starts_with("\\v")) {
      append_escape(out, '\v');
      field.remove_prefix(2);
    } else {
      out += field.substr(0, 2);
      field.remove_prefix(std::min<std::size_t>(2, field.size()));
    }
  }
  out += '"';
}

// NaN and the infinities are strings in JSON.
void append_number(std::string& out, std::string_view text) {
  const auto first = text.starts_with('-') ? text.substr(1, 1) : text.substr(0, 1);
  if (first >= "0" && first <= "9") {
    out += text;
  } else {
    append_string(out, text);
  }
}

// '2020-04-13 05:01:31.5+00 BC' becomes '2020-04-13T05:01:31.5+00:00 BC'. The infinities have no time.
void append_timestamp(std::string& out, std::string_view text, bool with_zone) {
  const auto time = text.find(' ');
  if (time == std::string_view::npos) return append_string(out, text);
  out += '"';
  out += text.substr(0, time);
  out += 'T';
  auto rest = text.substr(time + 1);
  const auto clock = rest.substr(0, rest.find(' '));
  out += clock;
  if (with_zone) out += ":00";
  out += rest.substr(clock.size());
  out += '"';
}

}  // namespace

std::optional<RowImage::Form> RowImage::form_of(std::string_view type) {
  constexpr std::array numbers{"int2", "int4", "int8", "float4", "float8", "numeric"};
  constexpr std::array strings{"text", "varchar", "bpchar", "bytea", "uuid", "date", "time"};
  if (std::find(numbers.begin(), numbers.end(), type) != numbers.end()) return Form::Number;
  if (std::find(strings.begin(), strings.end(), type) != strings.end()) return Form::String;
  if (type == "bool") return Form::Boolean;
  if (type == "timestamp") return Form::Timestamp;
  if (type == "timestamptz") return Form::TimestampWithZone;
  return std::nullopt;
}

bool RowImage::is_plain(std::string_view type) { return form_of(type).has_value(); }

RowImage::RowImage(const std::vector<Column>& columns) {
  for (const auto& column : columns) {
    std::string label(1, fields_.empty() ? '{' : ',');
    append_string(label, column.name);
    fields_.push_back({label + ':', form_of(column.type).value()});
  }
}

std::string_view RowImage::of(std::string_view line) {
  image_.clear();
  for (const auto& field : fields_) {
    image_ += field.label;
    if (const auto value = postgres::next_field(line)) {
      append(*value, field.form);
    } else {
      image_ += "null";
    }
  }
  image_ += '}';
  return image_;
}

void RowImage::append(std::string_view field, Form form) {
  switch (form) {
    case Form::Number:
      return append_number(image_, field);
    case Form::Boolean:
      image_ += field == "t" ? "true" : "false";
      return;
    case Form::Timestamp:
    case Form::TimestampWithZone:
      return append_timestamp(image_, field, form == Form::TimestampWithZone);
    case Form::String:
      return append_field(image_, field);
  }
}

}  // namespace mailboat::producer
