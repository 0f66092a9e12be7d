#include "common/backoff.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace mailboat {

std::chrono::milliseconds backoff_delay(int attempt, const BackoffPolicy& policy, double jitter) {
  const auto doubled = static_cast<double>(policy.first.count()) * std::exp2(std::max(attempt, 1) - 1);
  const auto capped = std::min(doubled, static_cast<double>(policy.longest.count()));
  return std::chrono::milliseconds(std::llround(capped * (1.0 - 0.5 * jitter)));
}

std::chrono::milliseconds Backoff::next() {
  thread_local std::minstd_rand random{std::random_device{}()};
  // Beyond this the delay has long been the longest one, and the exponent must not grow for ever.
  constexpr int enough = 40;
  attempt_ = std::min(attempt_ + 1, enough);
  return backoff_delay(attempt_, policy_, std::uniform_real_distribution<>(0.0, 1.0)(random));
}

}  // namespace mailboat
