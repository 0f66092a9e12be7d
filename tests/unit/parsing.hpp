#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <unistd.h>

#include "common/command_line.hpp"

namespace mailboat::test {

/// What a program printed.
struct Printed {
  std::ostringstream out;
  std::ostringstream err;
  Terminal terminal() { return {out, err}; }
};

inline Environment environment_of(std::map<std::string, std::string> variables) {
  return Environment(std::move(variables));
}

/// A file that is gone when the test is over.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("mailboat-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count) + ".toml");
    std::ofstream(path_) << content;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace mailboat::test
