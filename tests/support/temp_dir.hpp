#pragma once

#include <filesystem>
#include <string_view>

namespace mailboat::test {

/// A new empty directory below the system's folder for temporary files; removed with all its content by the
/// destructor, and also when this process is killed.
class TempDir {
 public:
  explicit TempDir(std::string_view purpose = "files");
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace mailboat::test
