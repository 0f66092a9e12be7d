#include "tests/integration/scripted_consumer.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "common/channel_zmq.hpp"
#include "common/codec.hpp"

namespace mailboat::test {

using std::chrono::milliseconds;

ScriptedConsumer::ScriptedConsumer(const std::string& endpoint, std::uint32_t credit)
    : connection_(connect_zmq(endpoint)), all_credit_(credit) {}

void ScriptedConsumer::send(const FromConsumer& message) {
  connection_->send(encode(message));
  receive(milliseconds(0));
}

bool ScriptedConsumer::follow(const std::string& subscription, const std::optional<Cursor>& cursor) {
  Hello hello;
  hello.subscription = subscription;
  hello.replica = "scripted " + subscription;
  hello.cursor = cursor;
  hello.credit = all_credit_;
  hello.heartbeat = std::chrono::minutes(1);
  cursor_ = cursor;
  send(hello);
  return next<Welcome>().has_value() && next<Frame>().has_value();
}

void ScriptedConsumer::reject(EventId event, TransactionId transaction, const std::string& error) {
  send(Rejected{{{event, transaction, error}}});
}

void ScriptedConsumer::answer(const Retry& retry, RetryOutcome::Result result, const std::string& error) {
  Retried retried;
  retried.replay = retry.replay;
  for (const auto id : retry.events.ids()) retried.outcomes.push_back({id, result, error});
  give_back(credit_cost(retry, all_credit_));
  send(retried);
}

bool ScriptedConsumer::has_window_with(EventId event) {
  receive(milliseconds(20));
  return std::find(events_.begin(), events_.end(), event) != events_.end();
}

void ScriptedConsumer::receive(milliseconds timeout) {
  bool more = true;
  while (more) {
    more = false;
    connection_->receive(timeout, [&](std::string_view bytes) {
      take(decode_from_producer(bytes));
      more = true;
    });
    timeout = milliseconds(0);
  }
}

void ScriptedConsumer::take(FromProducer message) {
  if (const auto* welcome = std::get_if<Welcome>(&message)) welcome_ = *welcome;
  if (const auto* frame = std::get_if<Frame>(&message)) work_through(*frame);
  if (const auto* retry = std::get_if<Retry>(&message)) pay(credit_cost(*retry, all_credit_));
  if (!std::holds_alternative<Heartbeat>(message)) received_.push_back(std::move(message));
}

void ScriptedConsumer::pay(std::uint32_t cost) {
  under_way_ += cost;
  EXPECT_LE(under_way_, all_credit_) << "more than the consumer allows is under way";
}

void ScriptedConsumer::give_back(std::uint32_t cost) {
  under_way_ -= cost;
  connection_->send(encode(FromConsumer{Credit{cost}}));
}

void ScriptedConsumer::work_through(const Frame& frame) {
  const auto cost = credit_cost(frame, all_credit_);
  pay(cost);
  give_back(cost);
  events_.insert(events_.end(), frame.events.ids().begin(), frame.events.ids().end());
  if (!frame.last) return;
  cursor_ = Cursor{welcome_->source, *frame.to};
  if (!acknowledging_) return;
  const auto last = events_.empty() ? 0 : *std::max_element(events_.begin(), events_.end());
  connection_->send(encode(FromConsumer{Ack{*frame.to, frame.window, last}}));
}

}  // namespace mailboat::test
