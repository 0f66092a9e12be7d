#include "consumer/producers.hpp"

#include <algorithm>
#include <utility>

namespace mailboat::consumer {
namespace {

constexpr int first_pass = 30;  // heartbeats
constexpr int most_doublings = 6;

}  // namespace

Producers::Producers(const std::vector<std::string>& endpoints, std::chrono::milliseconds heartbeat,
                     Connect connect)
    : heartbeat_(heartbeat), connect_(std::move(connect)) {
  for (const auto& endpoint : endpoints) producers_.push_back({endpoint});
}

const std::string& Producers::choose(Clock::time_point now) {
  probe_.reset();
  probed_.reset();
  const auto is_open = [now](const Producer& producer) { return producer.passed_over_until <= now; };
  auto found = std::find_if(producers_.begin(), producers_.end(), is_open);
  if (found == producers_.end()) {
    all_have_failed_ = true;
    found = std::min_element(producers_.begin(), producers_.end(), [](const auto& one, const auto& other) {
      return one.passed_over_until < other.passed_over_until;
    });
  }
  chosen_ = static_cast<std::size_t>(found - producers_.begin());
  return found->endpoint;
}

void Producers::fail(Producer& producer, Clock::time_point now) const {
  producer.passed_over_until = now + heartbeat_ * first_pass * (1 << producer.failures);
  producer.failures = std::min(producer.failures + 1, most_doublings);
}

void Producers::failed(Clock::time_point now) { fail(producers_[chosen_], now); }

bool Producers::refused(Clock::time_point now) {
  failed(now);
  producers_[chosen_].has_refused = true;
  return !std::all_of(producers_.begin(), producers_.end(), [](const auto& one) { return one.has_refused; });
}

void Producers::served() {
  producers_[chosen_].failures = 0;
  for (auto& producer : producers_) {
    producer.has_refused = false;
    if (all_have_failed_) producer = {producer.endpoint};
  }
  all_have_failed_ = false;
}

std::optional<std::size_t> Producers::candidate(Clock::time_point now) const {
  for (std::size_t i = 0; i < chosen_; ++i) {
    if (producers_[i].passed_over_until <= now) return i;
  }
  return std::nullopt;
}

bool Producers::better_answers(Clock::time_point now) {
  if (chosen_ == 0 || now - looked_at_ < heartbeat_ / 2) return false;
  looked_at_ = now;
  const auto better = candidate(now);
  if (better != probed_) {
    probe_.reset();
    if (better) probe_.emplace(connect_(producers_[*better].endpoint), heartbeat_, now);
    probed_ = better;
  }
  if (!probe_) return false;
  const auto finding = probe_->look(now);
  if (finding == ProducerProbe::Finding::Silent) fail(producers_[*probed_], now);
  return finding == ProducerProbe::Finding::Answers;
}

}  // namespace mailboat::consumer
