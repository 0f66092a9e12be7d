#pragma once

#include <string>
#include <sys/stat.h>

#include "common/file_descriptor.hpp"

namespace mailboat::consumer {

/// A file that gets its name only when it is complete: until then it has a temporary one in the same folder
/// (`NAME.partial-XXXXXX`), and the destructor removes it. A process that is killed leaves that one behind.
class NewFile {
 public:
  /// Throws Fatal when there is something at `path` already or no such folder, ReplicaUnavailable when the
  /// file cannot be made there.
  explicit NewFile(std::string path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  /// Where it is now.
  [[nodiscard]] const std::string& partial() const { return partial_; }
  /// Lets whoever may use `other` use this one likewise: its mode, and its owner as far as this process may.
  void be_like(const struct stat& other);
  /// What is in it is on disk, and the name too, when this returns. Never replaces another file. Throws as
  /// the constructor does.
  void publish();

 private:
  [[noreturn]] void refuse(const char* what) const;

  const std::string path_;
  std::string partial_;
  FileDescriptor file_;
  bool is_published_ = false;
};

/// Gives the file at `path` the owner of `other` if this process may (root); otherwise it stays as it is.
void give_to_owner_of(const std::string& path, const struct stat& other);

}  // namespace mailboat::consumer
