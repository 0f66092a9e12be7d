#include "consumer/replica_file.hpp"

namespace mailboat::consumer {

std::shared_ptr<FileLock> ReplicaFile::lock() {
  auto lock = lock_.lock();
  if (lock && lock->is_in_place()) return lock;
  lock =
      std::make_shared<FileLock>(path_ + "-lock", "another mailboat-consumer is writing '" + path_ +
                                                      "'. One SQLite file has one consumer: stop the other "
                                                      "one first");
  lock_ = lock;
  return lock;
}

}  // namespace mailboat::consumer
