#include "consumer/follower.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "common/log.hpp"
#include "consumer/replica_file.hpp"
#include "consumer/source_follower.hpp"

namespace mailboat::consumer {
namespace {

/// Several sources at once, each in its own thread.
class Followers {
 public:
  Followers(const ConsumerOptions& options, const std::stop_token& stop, ConsumerMetrics& metrics,
            Health& health)
      : options_(options),
        metrics_(metrics),
        health_(health),
        stop_with_(stop, [this] { stop_.request_stop(); }),
        file_(std::make_shared<ReplicaFile>(options.database, stop_.get_token())) {}

  void run() {
    follow_each();
    if (ended_.empty()) return;
    std::string names;
    for (const auto& name : ended_) names += (names.empty() ? "" : ", ") + name;
    throw Fatal(std::to_string(ended_.size()) + " of " + std::to_string(options_.sources.size()) +
                " sources could not be followed to the end: " + names + ". Each has said why");
  }

 private:
  // Returns when all have ended.
  void follow_each() {
    std::vector<std::jthread> threads;
    try {
      for (const auto& source : options_.sources) threads.emplace_back([&] { follow(source); });
    } catch (const std::system_error&) {  // no thread for one: the others are not to be waited for
      stop_.request_stop();
      throw;
    }
  }

  void follow(const Source& source) {
    const log::ThreadField in_each_line("source", source.name);
    SourceMonitor monitor(metrics_, health_, source, options_.database);
    try {
      SourceFollower(options_, source, file_, stop_.get_token(), monitor).run();
    } catch (const WrongFile& error) {
      note_end(source, error.what(), "no source can be followed");
      stop_.request_stop();
    } catch (const std::exception& error) {
      monitor.ended(error.what());
      note_end(source, error.what(), "this source is not followed any more; the others are");
    }
  }

  void note_end(const Source& source, const char* reason, const char* sentence) {
    log::error(sentence, {{"reason", reason}});
    const std::lock_guard lock(mutex_);
    ended_.push_back(source.name);
  }

  const ConsumerOptions& options_;
  ConsumerMetrics& metrics_;
  Health& health_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> stop_with_;
  const std::shared_ptr<ReplicaFile> file_;
  std::mutex mutex_;
  std::vector<std::string> ended_;  // guarded by mutex_
};

}  // namespace

void follow(const ConsumerOptions& options, const std::stop_token& stop, ConsumerMetrics& metrics,
            Health& health) {
  const auto& first = options.sources.front();
  if (!first.name.empty()) return Followers(options, stop, metrics, health).run();
  SourceMonitor monitor(metrics, health, first, options.database);
  SourceFollower(options, first, std::make_shared<ReplicaFile>(options.database, stop), stop, monitor).run();
}

}  // namespace mailboat::consumer
