#include "cli/audit.hpp"

#include <array>
#include <pwd.h>
#include <unistd.h>

namespace mailboat::cli {
namespace {

std::string user_name() {
  const auto id = geteuid();
  const auto* entry = getpwuid(id);
  return entry != nullptr ? entry->pw_name : "uid " + std::to_string(id);
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown host";
}

}  // namespace

std::string who_decides(postgres::Connection& connection) {
  const auto role = connection.query("SELECT session_user");
  return user_name() + '@' + host_name() + " as " + std::string(role.text(0, 0));
}

}  // namespace mailboat::cli
