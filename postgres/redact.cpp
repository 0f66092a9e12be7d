#include "postgres/redact.hpp"

#include <algorithm>
#include <vector>

namespace mailboat::postgres {
namespace {

constexpr auto none = std::string_view::npos;

void add_pieces(std::vector<std::string_view>& pieces, std::string_view secret) {
  constexpr std::string_view separators = "/?:@&#=' \t\n";
  while (!secret.empty()) {
    const auto end = secret.find_first_of(separators);
    if (end != 0) pieces.push_back(secret.substr(0, end));
    if (end == none) return;
    secret.remove_prefix(end + 1);
  }
}

// From `password=` on, in a URI's query or as a key: up to the end, for a space or & may be part of it.
std::string_view password_of_key(std::string_view conninfo) {
  const auto key = conninfo.find("password");
  const auto equals = key == none ? none : conninfo.find('=', key);
  return equals == none ? std::string_view{} : conninfo.substr(equals + 1);
}

bool could_be_secret(std::string_view quoted, const std::vector<std::string_view>& pieces) {
  for (const auto piece : pieces) {
    if (quoted.find(piece) != none || (!quoted.empty() && piece.find(quoted) != none)) return true;
  }
  return false;
}

// What --postgres gives in argv[index], which is its value or holds it; empty when it is something else.
std::string_view connection_string(char** argv, int index) {
  constexpr std::string_view flag = "--postgres";
  const std::string_view argument = argv[index];
  if (argv[index - 1] == flag) return argument;
  const bool joined = argument.starts_with(flag) && argument.substr(flag.size()).starts_with('=');
  return joined ? argument.substr(flag.size() + 1) : std::string_view();
}

// Up to the message's last quote, for which quotes are libpq's is not known.
std::string redact_all_quoted(std::string_view message) {
  const auto open = message.find('"');
  const auto close = message.rfind('"');
  if (open == close) return std::string(message.substr(0, open)) + (open == none ? "" : "\"***");
  return std::string(message.substr(0, open + 1)) + "***" + std::string(message.substr(close));
}

}  // namespace

// A password may hold the earlier @.
std::string_view password_of_uri(std::string_view conninfo) {
  const auto scheme = conninfo.find(":/");
  const auto at = conninfo.rfind('@');
  if (scheme == none || at == none || at < scheme) return {};
  const auto user = conninfo.find_first_not_of('/', scheme + 1);
  const auto colon = conninfo.find(':', user);
  return colon < at ? conninfo.substr(colon + 1, at - colon - 1) : std::string_view{};
}

std::vector<std::string_view> passwords_in(std::string_view conninfo) {
  std::vector<std::string_view> found;
  for (const auto password : {password_of_uri(conninfo), password_of_key(conninfo)}) {
    if (!password.empty()) found.push_back(password);
  }
  return found;
}

void hide_passwords(int argc, char** argv) {
  for (int index = 1; index < argc; ++index) {
    for (const auto password : passwords_in(connection_string(argv, index))) {
      const auto begin = argv[index] + (password.data() - argv[index]);
      std::fill_n(begin, password.size(), '*');
    }
  }
}

std::string redact(std::string_view message, std::string_view conninfo) {
  std::vector<std::string_view> pieces;
  for (const auto password : passwords_in(conninfo)) {
    if (password.find('"') != none) return redact_all_quoted(message);
    add_pieces(pieces, password);
  }
  std::string text;
  while (true) {
    const auto open = message.find('"');
    const auto close = open == none ? none : message.find('"', open + 1);
    if (close == none) return text + std::string(message);
    const auto quoted = message.substr(open + 1, close - open - 1);
    text += message.substr(0, open + 1);
    text += could_be_secret(quoted, pieces) ? "***" : quoted;
    text += '"';
    message.remove_prefix(close + 1);
  }
}

}  // namespace mailboat::postgres
