#include "postgres/conninfo.hpp"

#include <algorithm>
#include <libpq-fe.h>
#include <memory>
#include <string_view>

#include "common/error.hpp"
#include "postgres/redact.hpp"

namespace mailboat::postgres {
namespace {

constexpr std::string_view mask = "***";

struct Free {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
  void operator()(char* text) const { PQfreemem(text); }
};
using Parsed = std::unique_ptr<PQconninfoOption[], Free>;

// Without libpq's defaults and the PG* variables. Source: PostgreSQL manual, "Database Connection Control
// Functions", PQconninfoParse.
Parsed parse(const std::string& conninfo, std::string& mistake) {
  char* message = nullptr;
  Parsed parsed(PQconninfoParse(conninfo.c_str(), &message));
  const std::unique_ptr<char, Free> owner(message);
  if (!parsed) mistake = message == nullptr ? "out of memory" : message;
  return parsed;
}

// libpq itself marks what is to be hidden where it is typed: passwords.
bool is_secret(const PQconninfoOption& option) { return std::string_view(option.dispchar) == "*"; }

template <typename Visit>
void for_each_given(const Parsed& parsed, Visit visit) {
  for (const auto* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) visit(*option);
  }
}

bool shows_secret(const std::string& conninfo) {
  std::string mistake;
  const auto parsed = parse(conninfo, mistake);
  if (!parsed) return true;
  bool shows = false;
  for_each_given(parsed, [&shows](const PQconninfoOption& option) {
    shows = shows || (is_secret(option) && option.val != mask);
  });
  return shows;
}

bool is_uri(std::string_view conninfo) {
  return conninfo.starts_with("postgresql://") || conninfo.starts_with("postgres://");
}

// The user's password, and parameters that are called something with password.
std::string masked_uri(const std::string& uri) {
  auto text = uri;
  if (const auto password = password_of_uri(uri); !password.empty())
    text.replace(static_cast<std::size_t>(password.data() - uri.data()), password.size(), mask);
  for (auto at = text.find("password=", text.find('?')); at != std::string::npos;
       at = text.find("password=", at)) {
    at = text.find('=', at) + 1;
    text.replace(at, std::min(text.find('&', at), text.size()) - at, mask);
  }
  return text;
}

std::string pair_of(const PQconninfoOption& option) {
  std::string value;
  for (const char c : is_secret(option) ? mask : std::string_view(option.val)) {
    if (c == '\'' || c == '\\') value += '\\';
    value += c;
  }
  const bool needs_quotes = value.empty() || value.find_first_of(" \t\r\n\\'") != std::string::npos;
  return option.keyword + std::string("=") + (needs_quotes ? '\'' + value + '\'' : value);
}

std::string masked_pairs(const Parsed& parsed) {
  std::string text;
  for_each_given(parsed, [&text](const PQconninfoOption& option) {
    text += (text.empty() ? "" : " ") + pair_of(option);
  });
  return text;
}

}  // namespace

void require_conninfo(const std::string& conninfo) {
  std::string mistake;
  if (parse(conninfo, mistake)) return;
  mistake.erase(mistake.find_last_not_of('\n') + 1);
  throw InvalidInput("not a connection string: " + redact(mistake, conninfo) +
                     ". Give a URI, or key=value pairs");
}

std::string masked_conninfo(const std::string& conninfo) {
  std::string mistake;
  const auto parsed = parse(conninfo, mistake);
  if (!parsed) return std::string(mask);
  if (!is_uri(conninfo)) return shows_secret(conninfo) ? masked_pairs(parsed) : conninfo;
  auto text = masked_uri(conninfo);
  return shows_secret(text) ? std::string(mask) : text;
}

}  // namespace mailboat::postgres
