#include "consumer/producer_probe.hpp"

#include <utility>

#include "common/codec.hpp"
#include "common/error.hpp"

namespace mailboat::consumer {
namespace {

constexpr int enough_answers = 3;

}  // namespace

ProducerProbe::ProducerProbe(std::unique_ptr<Connection> connection, std::chrono::milliseconds heartbeat,
                             Clock::time_point now)
    : connection_(std::move(connection)), heartbeat_(heartbeat), heard_at_(now) {}

ProducerProbe::Finding ProducerProbe::look(Clock::time_point now) {
  try {
    ask(now);
  } catch (const Unavailable&) {  // it does not let us in
    return Finding::Silent;
  }
  if (answers_ >= enough_answers) return Finding::Answers;
  const bool is_silent = now - heard_at_ > silent_heartbeats * heartbeat_;
  return connection_->broken() || is_silent ? Finding::Silent : Finding::NotYet;
}

void ProducerProbe::ask(Clock::time_point now) {
  if (now - asked_at_ >= heartbeat_) {
    connection_->send(encode(FromConsumer{Heartbeat{}}));
    asked_at_ = now;
  }
  connection_->receive(std::chrono::milliseconds(0), [this, now](std::string_view) {
    ++answers_;
    heard_at_ = now;
  });
}

}  // namespace mailboat::consumer
