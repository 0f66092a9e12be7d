#include "tests/support/temp_dir.hpp"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <system_error>
#include <unistd.h>

#include "tests/support/spawn.hpp"

namespace mailboat::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_for_sockets = 50;  // sun_path holds 107 bytes, most of them ours

fs::path temporary_root() {
  auto root = fs::temp_directory_path();
  return root.native().size() <= longest_for_sockets ? root : fs::path("/tmp");
}

fs::path make_base() {
  auto pattern = (temporary_root() / "mailboat-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "cannot make a directory " + pattern);
  }
  // Servers that run as another user pass through.
  fs::permissions(pattern, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
  return pattern;
}

/// The parent of all temporary directories of this process. A shell of its own holds the read end of a pipe
/// whose only writer is this process: at end of file, however this process ended, it unmounts what is
/// mounted there (see SmallDisk) and removes the directory. It tries for a while, since servers that die with
/// this process may still be writing.
class Base {
 public:
  Base() : path_(make_base()) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      throw std::system_error(errno, std::generic_category(), "cannot make a pipe");
    }
    alive_ = ends[1];
    SpawnRequest keeper;
    const std::string unmount =
        "awk -v base=\"$1/\" 'index($2, base) == 1 {print $2}' /proc/mounts | xargs -r umount -l;";
    keeper.argv = {"/bin/sh", "-c",
                   "exec >/dev/null 2>&1; cat; " + unmount +
                       " for i in 1 2 3 4 5; do rm -rf \"$1\" && exit; sleep 1; done",
                   "sh", path_.string()};
    keeper.stdin_fd = ends[0];
    keeper.death_signal = 0;
    spawn(keeper);
    ::close(ends[0]);
  }
  ~Base() { ::close(alive_); }
  Base(const Base&) = delete;
  Base& operator=(const Base&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  int alive_ = -1;
};

}  // namespace

TempDir::TempDir(std::string_view purpose) {
  static const Base base;
  static std::atomic<int> number = 0;
  path_ = base.path() / (std::string(purpose) + '-' + std::to_string(++number));
  fs::create_directory(path_);
}

TempDir::~TempDir() {
  std::error_code ignored;  // the keeper tries again
  fs::remove_all(path_, ignored);
}

}  // namespace mailboat::test
