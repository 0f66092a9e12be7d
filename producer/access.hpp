#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "producer/allow_list.hpp"
#include "producer/token_bucket.hpp"

namespace mailboat::producer {

/// Who may come in, and take what: the allow list as it was last read, or everybody on a feed without keys.
/// One thread.
class Access {
 public:
  /// Reads the file; an empty name stands for a feed without keys. Throws ConfigurationError.
  explicit Access(std::string allow_list);

  [[nodiscard]] bool has_keys() const { return !path_.empty(); }

  /// Whether the holder of a key may come in. Logs who may not; of many, a few.
  bool admits(const std::string& key, const std::string& address);
  [[nodiscard]] bool may_take(const std::string& key, const std::string& subscription) const {
    return !has_keys() || list_.may_take(key, subscription);
  }
  /// How the holder of a key is called in the log; empty on a feed without keys.
  [[nodiscard]] std::string name_of(const std::string& key) const {
    return has_keys() ? list_.name_of(key) : key;
  }

  /// Logs what has come of it. False when the list is as before: the file is wrong, or there is none.
  bool read_again();

 private:
  const std::string path_;
  AllowList list_;
  TokenBucket lines_;
  std::uint64_t refused_since_line_ = 0;
};

}  // namespace mailboat::producer
