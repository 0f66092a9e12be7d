#pragma once

#include <gtest/gtest.h>
#include <string>

#include "common/curve_key.hpp"
#include "tests/faults/item_pipeline.hpp"

namespace mailboat::test {

/// An item pipeline whose producer listens on TCP with keys, and whose heartbeats are the usual ones: attacks
/// take time from everybody. Its consumer is on the allow list.
class SecuredFeed : public ItemPipeline {
 protected:
  SecuredFeed();

  /// A pair in files of that name in the pipeline's folder, made by `mailboat keygen`.
  KeyPair make_keys(const std::string& name) const;
  [[nodiscard]] std::string path_of(const std::string& name) const {
    return (pipeline_.folder() / name).string();
  }

  /// An entry of the allow list.
  [[nodiscard]] static std::string entry(const KeyPair& pair, const std::string& subscription);
  /// Puts another list in the place of the one before.
  void write_allow_list(const std::string& text) const;
  /// Has the producer read the list again; returns when it has said `words` about it.
  void reload(const std::string& words);

  [[nodiscard]] Pipeline::Arguments producer_arguments(const Pipeline::Arguments& more = {}) const;
  [[nodiscard]] Pipeline::Arguments consumer_arguments(const std::string& producer_key,
                                                       const std::string& own) const;
  void start_producer(const Pipeline::Arguments& more = {});
  /// Starts the consumer as it should be.
  void start_consumer();
  /// Both, and returns when source and replica are equal.
  void follow_with_keys();

  const std::string endpoint_;
  const KeyPair producer_keys_;
  const KeyPair consumer_keys_;
};

/// A raw ZeroMQ DEALER that connects with the keys that it is given, or with none.
class RawPeer {
 public:
  explicit RawPeer(const std::string& endpoint) : RawPeer(endpoint, "", {}) {}
  RawPeer(const std::string& endpoint, const std::string& producer_key, const KeyPair& own);
  ~RawPeer();
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  void send(const std::string& bytes);
  /// False when there is no room for it in the queue; then nothing was sent.
  bool try_send(const std::string& bytes);
  /// What has come since the last call.
  [[nodiscard]] std::vector<std::string> received();

 private:
  void* context_;
  void* socket_;
};

/// A Hello of a new replica.
std::string hello_for(const std::string& subscription, const std::string& replica = "raw");

}  // namespace mailboat::test
