#include "producer/rate_limit.hpp"

#include <algorithm>

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;

constexpr double portion_seconds = 0.25;
// So that slow rates do not make milliseconds overflow.
constexpr double longest_wait_seconds = 3600;

}  // namespace

double RateLimit::portion(std::size_t wanted) const {
  return std::clamp(*per_second_ * portion_seconds, 1.0, std::max(static_cast<double>(wanted), 1.0));
}

// What is not spent is kept for a portion only: after a pause there is no burst.
void RateLimit::fill(Clock::time_point now) {
  const std::chrono::duration<double> elapsed = now - filled_at_;
  filled_at_ = now;
  const auto capacity = std::max(*per_second_ * portion_seconds, 1.0);
  tokens_ = std::min(tokens_ + elapsed.count() * *per_second_, capacity);
}

std::size_t RateLimit::available(std::size_t wanted, Clock::time_point now) {
  if (!per_second_) return wanted;
  fill(now);
  return tokens_ < portion(wanted) ? 0 : std::min(wanted, static_cast<std::size_t>(tokens_));
}

void RateLimit::spend(std::size_t events) { tokens_ -= static_cast<double>(events); }

milliseconds RateLimit::wait(std::size_t wanted, Clock::time_point now) {
  if (!per_second_) return milliseconds(0);
  fill(now);
  const auto missing = std::max(portion(wanted) - tokens_, 0.0);
  const std::chrono::duration<double> left(std::min(missing / *per_second_, longest_wait_seconds));
  return std::chrono::ceil<milliseconds>(left);
}

}  // namespace mailboat::producer
