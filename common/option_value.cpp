#include "common/option_value.hpp"

#include <charconv>
#include <limits>
#include <sstream>

#include "common/duration.hpp"
#include "common/error.hpp"

namespace mailboat {
namespace {

const std::string& only(const OptionTexts& texts) {
  if (texts.size() != 1) throw InvalidInput("expected one value, got " + std::to_string(texts.size()));
  return texts.front();
}

}  // namespace

void assign(std::string& target, const OptionTexts& texts) { target = only(texts); }

void assign(std::vector<std::string>& target, const OptionTexts& texts) {
  for (const auto& text : texts) {
    if (text.empty()) throw InvalidInput("a value is empty");
  }
  target = texts;
}

void assign(bool& target, const OptionTexts& texts) {
  const auto& text = only(texts);
  if (text != "true" && text != "false") throw InvalidInput("expected true or false, got '" + text + "'");
  target = text == "true";
}

void assign(std::uint32_t& target, const OptionTexts& texts) {
  const auto& text = only(texts);
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw InvalidInput("expected a whole number from 0 to " +
                       std::to_string(std::numeric_limits<std::uint32_t>::max()) + ", got '" + text + "'");
  }
  target = number;
}

void assign(std::chrono::milliseconds& target, const OptionTexts& texts) {
  target = parse_duration(only(texts));
}

void assign(ByteSize& target, const OptionTexts& texts) { target = parse_byte_size(only(texts)); }

void assign(log::Level& target, const OptionTexts& texts) { target = log::parse_level(only(texts)); }

void assign(log::Format& target, const OptionTexts& texts) { target = log::parse_format(only(texts)); }

std::string shown(const std::string& value) { return value; }

std::string shown(const std::vector<std::string>& value) {
  std::string text;
  for (const auto& entry : value) text += (text.empty() ? "" : ", ") + entry;
  return text;
}

std::string shown(bool) { return {}; }
std::string shown(std::uint32_t value) { return std::to_string(value); }
std::string shown(std::chrono::milliseconds value) { return format_duration(value); }
std::string shown(ByteSize value) { return format_byte_size(value); }
std::string shown(log::Level value) { return std::string(log::level_name(value)); }

std::string shown(log::Format value) { return std::string(log::format_name(value)); }

FileValue file_value(const std::string& value) { return {FileValue::Form::Text, {value}}; }
FileValue file_value(const std::vector<std::string>& value) { return {FileValue::Form::List, value}; }
FileValue file_value(bool value) { return {FileValue::Form::Bare, {value ? "true" : "false"}}; }
FileValue file_value(std::uint32_t value) { return {FileValue::Form::Bare, {shown(value)}}; }
FileValue file_value(std::chrono::milliseconds value) { return file_value(shown(value)); }
FileValue file_value(ByteSize value) { return file_value(shown(value)); }
FileValue file_value(log::Level value) { return file_value(shown(value)); }
FileValue file_value(log::Format value) { return file_value(shown(value)); }

OptionTexts split_at_commas(const std::string& text) {
  OptionTexts parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

}  // namespace mailboat
