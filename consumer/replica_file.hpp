#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "consumer/file_lock.hpp"
#include "consumer/writer_turns.hpp"

namespace mailboat::consumer {

/// What the replicas of one SQLite file share within this process: the lock that keeps other processes out,
/// and the turns in which they write. Any thread; must outlive its turns.
class ReplicaFile {
 public:
  /// `stop`: whoever waits for the turn is sent away.
  explicit ReplicaFile(std::string path, std::stop_token stop = {})
      : path_(std::move(path)), stop_(std::move(stop)) {}

  [[nodiscard]] const std::string& path() const { return path_; }

  /// Whatever is written to the file, and its opening, needs the turn. Throws NoTurn.
  [[nodiscard]] WriterTurns::Turn take_turn() { return turns_.take(stop_); }
  [[nodiscard]] bool turn_is_wanted() const { return turns_.waiting() > 0; }

  /// The lock beside the file, which goes when nobody has it any more. One that somebody has deleted or moved
  /// away, with the file or without, keeps nobody out, and is taken anew. Needs the turn. Throws as FileLock
  /// does.
  [[nodiscard]] std::shared_ptr<FileLock> lock();

 private:
  const std::string path_;
  const std::stop_token stop_;
  WriterTurns turns_;
  std::weak_ptr<FileLock> lock_;  // belongs to who has the turn
};

}  // namespace mailboat::consumer
