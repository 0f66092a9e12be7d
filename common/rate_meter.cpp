#include "common/rate_meter.hpp"

namespace mailboat {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds span{10};
constexpr milliseconds resolution{500};

}  // namespace

void RateMeter::add(Clock::time_point now, std::uint64_t count) {
  if (!samples_.empty() && count < samples_.back().count) samples_.clear();
  // The last sample moves on until it is far enough from the one before it.
  if (samples_.size() > 1 && samples_.back().at - samples_[samples_.size() - 2].at < resolution)
    samples_.pop_back();
  samples_.push_back({now, count});
  while (samples_.size() > 2 && now - samples_[1].at >= span) samples_.pop_front();
}

double RateMeter::per_second() const {
  if (samples_.empty()) return 0;
  const std::chrono::duration<double> time = samples_.back().at - samples_.front().at;
  if (time < resolution) return 0;
  return static_cast<double>(samples_.back().count - samples_.front().count) / time.count();
}

std::optional<double> seconds_for(std::uint64_t left, double per_second) {
  if (left == 0) return 0;
  if (per_second <= 0) return std::nullopt;
  return static_cast<double>(left) / per_second;
}

}  // namespace mailboat
