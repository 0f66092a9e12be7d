#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "common/backoff.hpp"
#include "common/repeated.hpp"
#include "consumer/conversation.hpp"
#include "consumer/options.hpp"
#include "consumer/producers.hpp"
#include "consumer/replica.hpp"

namespace mailboat::consumer {

/// The file is not what it should be for any source.
class WrongFile : public Fatal {
 public:
  using Fatal::Fatal;
};

/// Follows one source: session after session with its producers, each with the one that Producers chooses; a
/// session is left between two windows for a producer that stands earlier in the list. Whatever may mend
/// itself (a producer or a disk that is away, a lock) is tried again, with growing pauses, and logged less
/// and less often. One thread. All that is given must outlive it.
class SourceFollower {
 public:
  SourceFollower(const ConsumerOptions& options, const Source& source, std::shared_ptr<ReplicaFile> file,
                 std::stop_token stop, SourceMonitor& monitor);
  ~SourceFollower();
  SourceFollower(const SourceFollower&) = delete;
  SourceFollower& operator=(const SourceFollower&) = delete;

  /// Until the stop, or with `until_caught_up` until that. What does not mend itself ends with Fatal
  /// (WrongFile where no source can follow) or ConfigurationError.
  void run();

 private:
  enum class Report { No, Yes };

  void go_on();
  void open_replica();
  [[nodiscard]] std::unique_ptr<Replica> make_replica() const;
  void converse();
  bool report(const std::string& trouble);
  void wait_after(const std::string& trouble, Report report, Backoff& backoff);
  void recovered();

  const ConsumerOptions& options_;
  const Source& source_;
  const std::shared_ptr<ReplicaFile> file_;
  const std::stop_token stop_;
  SourceMonitor& monitor_;
  std::unique_ptr<Replica> replica_;
  bool opened_before_ = false;
  Backoff backoff_;
  Backoff lost_backoff_;  // between producers that cannot be reached
  Producers producers_;
  std::string asked_;                           // the producer that was talked to last
  std::map<std::string, std::string> trouble_;  // the last reason for waiting with each
  log::Repeated waits_;
  bool reported_ = true;  // a producer knows of it, or need not
  FollowedSoFar so_far_;
};

}  // namespace mailboat::consumer
