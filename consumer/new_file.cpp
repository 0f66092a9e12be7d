#include "consumer/new_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <system_error>

#include "consumer/storage_error.hpp"

namespace mailboat::consumer {
namespace {

std::string folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

bool is_taken(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

// 0, or -1 with errno. Some file systems cannot look and rename in one step.
int rename_to_free_name(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  if (is_taken(to)) {
    errno = EEXIST;
    return -1;
  }
  return std::rename(from.c_str(), to.c_str());
}

}  // namespace

NewFile::NewFile(std::string path) : path_(std::move(path)), partial_(path_ + ".partial-XXXXXX") {
  if (is_taken(path_)) {
    errno = EEXIST;
    refuse("make");
  }
  file_ = FileDescriptor(::mkostemp(partial_.data(), O_CLOEXEC));
  if (file_.get() < 0) refuse("make");
}

NewFile::~NewFile() {
  if (is_published_ || file_.get() < 0) return;
  for (const auto* suffix : {"", "-journal", "-wal", "-shm"}) ::unlink((partial_ + suffix).c_str());
}

void NewFile::refuse(const char* what) const {
  const auto error = errno;
  if (error == EEXIST) {
    throw Fatal("'" + path_ +
                "' exists already, and nothing is overwritten. Give another name, or move it away");
  }
  if (error == ENOENT || error == ENOTDIR) {
    throw Fatal("there is no folder for '" + path_ + "'. Create it, or give another name");
  }
  throw ReplicaUnavailable(std::string("cannot ") + what + " file '" + path_ +
                           "': " + std::generic_category().message(error));
}

void NewFile::be_like(const struct stat& other) {
  give_to_owner_of(partial_, other);
  if (::fchmod(file_.get(), other.st_mode & 0777) != 0) refuse("set the mode of");
}

// The content before the name, and both before we say that it is there: who has the name after a power cut
// has all of the content.
void NewFile::publish() {
  if (::fsync(file_.get()) != 0) refuse("write");
  if (rename_to_free_name(partial_, path_) != 0) refuse("name");
  is_published_ = true;
  const FileDescriptor folder(::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || ::fsync(folder.get()) != 0) refuse("make sure of the name of");
}

void give_to_owner_of(const std::string& path, const struct stat& other) {
  [[maybe_unused]] const int changed =
      ::geteuid() == 0 ? ::chown(path.c_str(), other.st_uid, other.st_gid) : 0;
}

}  // namespace mailboat::consumer
