#include "cli/sentence.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>

namespace mailboat::cli {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  return text;
}

bool is_location(std::string_view line) {
  return line.starts_with("CONTEXT:") || line.starts_with("LINE ") || line.starts_with("LOCATION:");
}

void append_sentence(std::string& text, std::string_view sentence) {
  if (sentence.empty()) return;
  if (!text.empty()) text += text.ends_with('.') ? " " : ". ";
  text += sentence;
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : trimmed(text)) {
    if (c == '\n' && !line.empty() && std::isalnum(static_cast<unsigned char>(line.back())) != 0) line += '.';
    const bool space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (!space) line += c;
    if (space && !line.ends_with(' ')) line += ' ';
  }
  return line;
}

std::string server_sentence(std::string_view message) {
  std::string text;
  std::istringstream lines{std::string(message)};
  bool skipping = false;
  for (std::string line; std::getline(lines, line);) {
    bool labelled = false;
    for (const auto* label : {"ERROR:", "DETAIL:", "HINT:"}) {
      if (!line.starts_with(label)) continue;
      append_sentence(text, trimmed(std::string_view(line).substr(std::string_view(label).size())));
      labelled = true;
    }
    if (labelled) {
      skipping = false;
    } else if (is_location(line)) {
      skipping = true;
    } else if (!skipping && !trimmed(line).empty()) {
      text += (text.empty() ? "" : " ") + one_line(line);
    }
  }
  return text;
}

std::string shell_word(std::string_view text) {
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80 ||
           std::string_view("_-./,:").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return std::string(text);
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + "'";
}

}  // namespace mailboat::cli
