#pragma once

#include <string>

namespace mailboat::consumer {

/// An exclusive lock on a file of its own, made when missing. The kernel releases it when the process ends,
/// however it ends. (A lock on the SQLite file itself would disturb SQLite's own: closing any descriptor of a
/// file drops all POSIX locks that the process holds on it. Source: SQLite, "How To Corrupt An SQLite
/// Database File", 2.2.)
class FileLock {
 public:
  /// Throws Fatal with `held_sentence` when another process has it, ReplicaUnavailable when the file cannot
  /// be made.
  FileLock(const std::string& path, const std::string& held_sentence);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  /// False when the lock file was deleted or moved away: whoever looks there now makes another one.
  [[nodiscard]] bool is_in_place() const;

  /// What the last holder has noted in the lock file at `path`, for who only wants to know: takes no lock.
  [[nodiscard]] static std::string note_in(const std::string& path);
  /// What the last holder has noted in the file; empty when nobody has.
  [[nodiscard]] std::string note() const;
  /// Notes it for the next holder. Best effort: throws nothing.
  void note(const std::string& text);

 private:
  const std::string path_;
  int fd_;
};

}  // namespace mailboat::consumer
