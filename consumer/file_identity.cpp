#include "consumer/file_identity.hpp"

#include <array>
#include <cerrno>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "consumer/storage_error.hpp"

namespace mailboat::consumer {

std::string identify_file(const std::string& path, const std::string& file_id) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    throw ReplicaUnavailable("cannot look at SQLite file '" + path +
                             "': " + std::generic_category().message(errno));
  }
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return file_id + '@' + host.data() + ':' + std::to_string(info.st_dev) + ':' + std::to_string(info.st_ino);
}

}  // namespace mailboat::consumer
