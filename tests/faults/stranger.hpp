#pragma once

#include <string>

namespace mailboat::test {

/// Somebody who can connect to a producer and speaks as he likes.
class Stranger {
 public:
  explicit Stranger(const std::string& endpoint);
  ~Stranger();
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  /// A message of one part, unless others follow.
  void send(const std::string& bytes, bool more_follow = false);

 private:
  void* context_;
  void* socket_;
};

}  // namespace mailboat::test
