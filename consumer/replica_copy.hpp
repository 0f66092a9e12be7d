#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "consumer/stored_cursor.hpp"

namespace mailboat::consumer {

/// A copy of a replica's file, one source of which is to be given to another subscription. No consumer can
/// use the file meanwhile.
class ReplicaCopy {
 public:
  /// What a copy knows of the file that it was made from.
  struct Origin {
    std::vector<StoredCursor> sources;  ///< how far each has come; one at least
    std::string replica;                ///< what a consumer would call this copy, were it that file itself
  };

  /// Opens the copy and reads all of it, unless `stop` is requested. Throws Fatal when there is no such file,
  /// a consumer is using it, it is no replica or damaged, or has not applied anything; ReplicaUnavailable for
  /// trouble with the disk; Error when stopped.
  ReplicaCopy(const std::string& path, const std::stop_token& stop);
  ~ReplicaCopy();
  ReplicaCopy(const ReplicaCopy&) = delete;
  ReplicaCopy& operator=(const ReplicaCopy&) = delete;

  [[nodiscard]] const Origin& origin() const;

  /// Writes down which subscription this source of the file belongs to from now on, and makes it a file of
  /// its own and no copy any more. Nothing of this is there before commit(). Throws ReplicaUnavailable.
  void give_to(const std::string& subscription, const std::string& source);
  /// On disk when this returns. Throws ReplicaUnavailable, and then nothing has been changed.
  void commit();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mailboat::consumer
