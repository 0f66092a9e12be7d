#include "producer/sending_credit.hpp"

#include <algorithm>

namespace mailboat::producer {
namespace {

// What a consumer may ask to have under way, whatever it asks for.
constexpr std::uint32_t most_of_one = 64;
// Two consumers that ask for what mailboat's do get it whole.
constexpr std::uint32_t most_of_several = 16;
// While a consumer works on one frame, the next one is on its way.
constexpr std::uint32_t least_of_each = 2;

}  // namespace

// One alone may have all that its consumer asks for.
std::uint32_t Senders::share() const {
  const auto count = count_.load();
  return count <= 1 ? most_of_one : std::max(most_of_several / count, least_of_each);
}

SendingCredit::SendingCredit(std::uint32_t given, Senders& senders)
    : all_(std::clamp(given, 1U, most_of_one)), senders_(senders) {}

SendingCredit::~SendingCredit() { set_under_way(0); }

bool SendingCredit::covers(std::uint32_t cost) const {
  return under_way_ == 0 || under_way_ + cost <= std::min(all_, senders_.share());
}

void SendingCredit::set_under_way(std::uint32_t amount) {
  if (under_way_ == 0 && amount > 0) senders_.add();
  if (under_way_ > 0 && amount == 0) senders_.remove();
  under_way_ = amount;
}

}  // namespace mailboat::producer
