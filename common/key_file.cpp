#include "common/key_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <utility>

#include "common/config_file.hpp"
#include "common/error.hpp"
#include "common/file_descriptor.hpp"

namespace mailboat {
namespace {

constexpr mode_t owner_only = 0600;
constexpr mode_t everybody_reads = 0644;
constexpr mode_t of_others = 0077;
constexpr auto secret_entry = "secret_key";

[[noreturn]] void fail(const std::string& what, const std::string& path) {
  throw ConfigurationError("cannot " + what + " " + path + ": " + std::generic_category().message(errno));
}

void write_all(const FileDescriptor& file, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno != EINTR) fail("write", path);
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0) fail("write", path);
}

/// A file that was not there before, and is not there afterwards unless it is kept.
class NewFile {
 public:
  /// `owner`: whose it is to be instead of ours, if anybody's.
  NewFile(std::string path, mode_t mode, std::string_view text, const struct stat* owner = nullptr)
      : path_(std::move(path)), file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)) {
    if (file_.get() < 0) fail("make", path_);
    try {
      if (owner != nullptr && ::fchown(file_.get(), owner->st_uid, owner->st_gid) != 0)
        fail("give the owner of the file before to", path_);
      if (::fchmod(file_.get(), mode) != 0) fail("protect", path_);  // whatever the umask says
      write_all(file_, path_, text);
    } catch (...) {
      ::unlink(path_.c_str());
      throw;
    }
  }
  ~NewFile() {
    if (!kept_) ::unlink(path_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void keep() { kept_ = true; }
  void keep_as(const std::string& path) {
    if (::rename(path_.c_str(), path.c_str()) != 0) fail("replace", path);
    kept_ = true;
  }

 private:
  const std::string path_;
  const FileDescriptor file_;
  bool kept_ = false;
};

/// What is to stand in a file's place, whose owner it has: a daemon must be able to read the key that root
/// has made anew. Under another name until then, so that there is always a whole file of the right one.
class Replacement {
 public:
  Replacement(std::string path, mode_t mode, std::string_view text)
      : path_(std::move(path)), file_(fresh_name(), mode, text, owner()) {}
  void put_in_place() { file_.keep_as(path_); }

 private:
  std::string fresh_name() const {
    auto name = path_ + ".new";
    ::unlink(name.c_str());  // of one that was killed
    return name;
  }
  // Of a link, what it leads to: that is the file which somebody reads.
  const struct stat* owner() {
    if (::stat(path_.c_str(), &before_) != 0) return nullptr;
    if (S_ISDIR(before_.st_mode)) {
      errno = EISDIR;
      fail("replace", path_);
    }
    return &before_;
  }

  const std::string path_;
  struct stat before_ {};
  NewFile file_;
};

bool exists(const std::string& path) {
  return ::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

std::string octal(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777));
  return text.data();
}

void require_owner_only(const FileDescriptor& file, const std::string& path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail("look at the key file", path);
  if (!S_ISREG(status.st_mode)) throw ConfigurationError("the key file " + path + " is not a file");
  if ((status.st_mode & of_others) == 0) return;
  throw ConfigurationError(
      "the key file " + path + " has mode " + octal(status.st_mode) +
      ": others than its owner have a right to it, so its key may be known to them. Run: "
      "chmod 600 " +
      path + " (and make another key with mailboat keygen if anybody may have read it)");
}

std::string content_of(const FileDescriptor& file, const std::string& path) {
  // A key file has some 200 bytes; whatever else was named is not read to its end.
  std::array<char, 4096> buffer{};
  const auto size = ::read(file.get(), buffer.data(), buffer.size());
  if (size < 0) fail("read the key file", path);
  return {buffer.data(), static_cast<std::size_t>(size)};
}

}  // namespace

void write_key_files(const std::string& path, const KeyPair& pair, Overwrite overwrite) {
  const auto public_path = path + ".pub";
  const auto secret =
      "# The secret key of a mailboat daemon: whoever reads it can act in the daemon's place.\n"
      "# The public key that belongs to it: " +
      pair.public_key + "\n" + secret_entry + " = \"" + pair.secret_key + "\"\n";
  if (overwrite == Overwrite::Yes) {
    Replacement new_secret(path, owner_only, secret);
    Replacement new_public(public_path, everybody_reads, pair.public_key + "\n");
    // The secret one last: what the public file said stands in it, too, but not the other way round.
    new_public.put_in_place();
    new_secret.put_in_place();
    return;
  }
  for (const auto& file : {path, public_path}) {
    if (exists(file)) {
      throw ConfigurationError(file + " exists already. Choose another name, or pass --force to replace " +
                               path + " and " + public_path +
                               ": whoever knows the old public key then has to be given "
                               "the new one");
    }
  }
  NewFile new_secret(path, owner_only, secret);
  NewFile new_public(public_path, everybody_reads, pair.public_key + "\n");
  new_secret.keep();
  new_public.keep();
}

KeyPair read_key_file(const std::string& path) {
  const FileDescriptor file(
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a pipe is not waited for
  if (file.get() < 0) fail("read the key file", path);
  require_owner_only(file, path);
  return key_in(content_of(file, path), path);
}

KeyPair key_in(const std::string& content, const std::string& path) {
  const auto no_key = [&path] {
    return ConfigurationError("the key file " + path +
                              " holds no secret key. Make one with: mailboat keygen " + path);
  };
  try {
    const auto entries = parse_config(content, path).entries;
    const auto found = entries.find(secret_entry);
    if (found == entries.end() || !found->second || found->second->size() != 1) throw no_key();
    return pair_of(found->second->front());
  } catch (const InvalidInput&) {
    throw no_key();
  }
}

}  // namespace mailboat
