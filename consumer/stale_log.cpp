#include "consumer/stale_log.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <sstream>
#include <sys/stat.h>
#include <system_error>

#include "common/log.hpp"
#include "consumer/storage_error.hpp"

namespace mailboat::consumer {
namespace {

constexpr auto no_file = "none";

// The time of birth tells a file from another one that got its inode afterwards.
std::string name_file(const std::string& path) {
  struct statx info {};
  if (::statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_BTIME, &info) != 0) return no_file;
  const auto born = (info.stx_mask & STATX_BTIME) != 0 ? info.stx_btime : statx_timestamp{};
  std::ostringstream name;
  name << info.stx_dev_major << ':' << info.stx_dev_minor << ':' << info.stx_ino << ':' << born.tv_sec << '.'
       << born.tv_nsec;
  return name.str();
}

std::string log_of(const std::string& path) { return path + "-wal"; }

}  // namespace

std::string name_file_and_log(const std::string& path) {
  return name_file(path) + ' ' + name_file(log_of(path));
}

bool has_stale_log(const std::string& path, const std::string& noted) {
  std::string file;
  std::string log;
  std::istringstream(noted) >> file >> log;
  const bool is_noted_log = !log.empty() && log != no_file && log == name_file(log_of(path));
  return is_noted_log && file != name_file(path);
}

void put_stale_log_aside(const std::string& path, const std::string& noted) {
  if (!has_stale_log(path, noted)) return;
  const auto aside = log_of(path) + "-stale";
  std::error_code failed;
  std::filesystem::rename(log_of(path), aside, failed);
  if (!failed) std::filesystem::remove(path + "-shm", failed);
  if (failed) {
    throw ReplicaUnavailable("SQLite file '" + path + "' was replaced, and the log '" + log_of(path) +
                             "' of the file before cannot be put aside: " + failed.message());
  }
  log::warn("the SQLite file was replaced; the log of the file before has been put aside", {{"log", aside}});
}

}  // namespace mailboat::consumer
