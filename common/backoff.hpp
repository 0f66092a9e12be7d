#pragma once

#include <chrono>

namespace mailboat {

struct BackoffPolicy {
  std::chrono::milliseconds first{100};
  std::chrono::milliseconds longest{5000};
};

/// How long to wait before try number `attempt` (1 is the first repeat): doubling from `first` to `longest`,
/// of which `jitter` (0 to 1) takes away up to half, so that many clients do not come back in step. Pure.
[[nodiscard]] std::chrono::milliseconds backoff_delay(int attempt, const BackoffPolicy& policy,
                                                      double jitter);

/// Counts attempts and draws the jitter. One thread.
class Backoff {
 public:
  explicit Backoff(BackoffPolicy policy) : policy_(policy) {}
  [[nodiscard]] std::chrono::milliseconds next();
  void succeeded() { attempt_ = 0; }

 private:
  BackoffPolicy policy_;
  int attempt_ = 0;
};

}  // namespace mailboat
