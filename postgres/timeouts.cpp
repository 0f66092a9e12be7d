#include "postgres/timeouts.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace mailboat::postgres {
namespace {

constexpr std::pair<std::string_view, std::string_view> connect_timeout{"connect_timeout", "10"};
// The server is asked after 5 s of silence, and given up after three questions, or when it has not confirmed
// for 10 s what we have sent.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> keepalives{
    {{"keepalives_idle", "5"},
     {"keepalives_interval", "2"},
     {"keepalives_count", "3"},
     {"tcp_user_timeout", "10000"}}};

std::string settings(char separator, const Environment& environment) {
  std::string text;
  const auto add = [&](const auto& setting) {
    text.append(setting.first).append("=").append(setting.second) += separator;
  };
  for (const auto& setting : keepalives) add(setting);
  if (!environment("PGCONNECT_TIMEOUT")) add(connect_timeout);
  return text;
}

// Where the parameters of a URI begin, behind its `?`: npos without any. A password may hold a `?`.
std::size_t parameters_of_uri(std::string_view uri) {
  const auto authority = uri.find("://") + 3;
  const auto end_of_user = uri.find_first_of("@/", authority);
  const bool has_user = end_of_user != std::string_view::npos && uri[end_of_user] == '@';
  const auto mark = uri.find('?', has_user ? end_of_user : authority);
  return mark == std::string_view::npos ? mark : mark + 1;
}

}  // namespace

// Of a setting that is given twice libpq takes the last one, so ours come first.
std::string with_timeouts(const std::string& conninfo, const Environment& environment) {
  if (!conninfo.starts_with("postgresql://") && !conninfo.starts_with("postgres://"))
    return settings(' ', environment) + conninfo;
  const auto at = parameters_of_uri(conninfo);
  auto ours = settings('&', environment);
  if (at < conninfo.size()) return conninfo.substr(0, at) + ours + conninfo.substr(at);
  ours.pop_back();
  return conninfo + (at == conninfo.size() ? "" : "?") + ours;
}

}  // namespace mailboat::postgres
