#include "bench/processor_time.hpp"

#include <charconv>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <unistd.h>

namespace mailboat::bench {
namespace {

/// Of /proc/PID/stat. Source: proc(5).
struct Stat {
  pid_t parent = 0;
  double ended_children = 0;  ///< seconds
};

std::optional<Stat> read_stat(const std::string& process) {
  std::ifstream stream("/proc/" + process + "/stat");
  std::string text;
  if (!std::getline(stream, text)) return std::nullopt;
  std::istringstream fields(text.substr(text.rfind(')') + 1));  // the name before may hold blanks
  std::string skipped;
  Stat stat;
  fields >> skipped >> stat.parent;
  for (int field = 5; field <= 15; ++field) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  stat.ended_children = (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return stat;
}

}  // namespace

double processor_time(pid_t process) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double server_time(pid_t postmaster) {
  double sum = processor_time(postmaster);
  if (const auto stat = read_stat(std::to_string(postmaster))) sum += stat->ended_children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    pid_t process = 0;
    const auto end = std::from_chars(name.data(), name.data() + name.size(), process).ptr;
    if (end != name.data() + name.size()) continue;
    const auto stat = read_stat(name);
    if (stat && stat->parent == postmaster) sum += processor_time(process);
  }
  return sum;
}

pid_t postmaster_of(postgres::Connection& connection) {
  return static_cast<pid_t>(
      connection.query("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)").int64(0, 0));
}

std::vector<pid_t> backends(postgres::Connection& connection, const std::string& application) {
  const auto rows = connection.query(
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
      " AND starts_with(application_name, $1)",
      {application});
  std::vector<pid_t> found;
  for (int row = 0; row < rows.size(); ++row) found.push_back(static_cast<pid_t>(rows.int64(row, 0)));
  return found;
}

}  // namespace mailboat::bench
