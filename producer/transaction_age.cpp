#include "producer/transaction_age.hpp"

namespace mailboat::producer {
namespace {

// Half a day at a look every 10 s. Beyond it the age of transactions that are younger than the oldest is not
// known.
constexpr std::size_t most_moments = 4096;

}  // namespace

std::chrono::seconds TransactionAge::seen(const Snapshot& snapshot, Clock::time_point now) {
  while (!moments_.empty() && moments_.front().next <= snapshot.xmin()) moments_.pop_front();
  const auto age = moments_.empty() ? Clock::duration(0) : now - moments_.front().at;
  if (moments_.size() < most_moments && (moments_.empty() || moments_.back().next < snapshot.xmax()))
    moments_.push_back({snapshot.xmax(), now});
  return std::chrono::duration_cast<std::chrono::seconds>(age);
}

}  // namespace mailboat::producer
