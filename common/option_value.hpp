#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/byte_size.hpp"
#include "common/log_line.hpp"

namespace mailboat {

/// Texts given for one option, wherever they were found, turned into its value. Each throws InvalidInput with
/// a sentence that does not name the option: the caller knows where the text came from.
using OptionTexts = std::vector<std::string>;

void assign(std::string& target, const OptionTexts& texts);
void assign(std::vector<std::string>& target, const OptionTexts& texts);
void assign(bool& target, const OptionTexts& texts);
void assign(std::uint32_t& target, const OptionTexts& texts);
void assign(std::chrono::milliseconds& target, const OptionTexts& texts);
void assign(ByteSize& target, const OptionTexts& texts);
void assign(log::Level& target, const OptionTexts& texts);
void assign(log::Format& target, const OptionTexts& texts);
/// For options where "not given" and every value of theirs differ.
template <typename Value>
void assign(std::optional<Value>& target, const OptionTexts& texts) {
  Value value{};
  assign(value, texts);
  target = std::move(value);
}

/// How the help text shows a default; empty when there is nothing to show.
std::string shown(const std::string& value);
std::string shown(const std::vector<std::string>& value);
std::string shown(bool value);
std::string shown(std::uint32_t value);
std::string shown(std::chrono::milliseconds value);
std::string shown(ByteSize value);
std::string shown(log::Level value);
std::string shown(log::Format value);
template <typename Value>
std::string shown(const std::optional<Value>& value) {
  return value ? shown(*value) : "";
}

/// A value as it would be given in the file.
struct FileValue {
  enum class Form { None, Bare, Text, List };  ///< None: it is not set; Bare: a number, true or false
  Form form = Form::None;
  OptionTexts texts = {};
};
FileValue file_value(const std::string& value);
FileValue file_value(const std::vector<std::string>& value);
FileValue file_value(bool value);
FileValue file_value(std::uint32_t value);
FileValue file_value(std::chrono::milliseconds value);
FileValue file_value(ByteSize value);
FileValue file_value(log::Level value);
FileValue file_value(log::Format value);
template <typename Value>
FileValue file_value(const std::optional<Value>& value) {
  return value ? file_value(*value) : FileValue{};
}

/// `a,b,c` in parts.
OptionTexts split_at_commas(const std::string& text);

}  // namespace mailboat
