#include "consumer/feed_client.hpp"

#include <algorithm>

#include "common/codec.hpp"
#include "common/error.hpp"

namespace mailboat::consumer {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds receive_slice{100};

}  // namespace

FeedClient::FeedClient(std::unique_ptr<Connection> connection, const Hello& hello, milliseconds heartbeat,
                       const ColumnsInForce& columns, IfUnreachable if_unreachable)
    : connection_(std::move(connection)),
      heartbeat_(heartbeat),
      if_unreachable_(if_unreachable),
      longer_heartbeat_(heartbeat),
      heard_at_(Clock::now()),
      decoder_(columns) {
  connection_->send(encode(FromConsumer{hello}));
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

FeedClient::~FeedClient() {
  thread_.request_stop();
  thread_.join();
  try {
    connection_->send(encode(FromConsumer{Goodbye{}}));
    connection_->receive(milliseconds(0), [](std::string_view) {});  // hands the goodbye over
  } catch (const std::exception&) {
    // There is nobody to say it to.
  }
}

void FeedClient::send(const FromConsumer& message) { connection_->send(encode(message)); }

void FeedClient::run(const std::stop_token& stop) {
  const auto heartbeat = encode(FromConsumer{Heartbeat{}});
  auto beat_at = Clock::now();
  try {
    while (!stop.stop_requested()) {
      connection_->receive(std::min(receive_slice, heartbeat_),
                           [this](std::string_view bytes) { receive(bytes); });
      if (is_lost()) return;
      const auto now = Clock::now();
      if (now - beat_at >= heartbeat_) {
        connection_->send(heartbeat);
        beat_at = now;
      }
      if (now - heard_at_ > silent_heartbeats * longer_heartbeat_)
        return fail("it has been silent for " +
                    std::to_string((silent_heartbeats * longer_heartbeat_).count()) + " ms");
    }
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

bool FeedClient::is_lost() {
  const auto broken = connection_->broken();
  if (broken == Connection::Break::Ended) fail("the connection has ended");
  if (broken == Connection::Break::Unreachable) {
    if (if_unreachable_ == IfUnreachable::Wait) return false;
    fail("it cannot be reached");
  }
  return broken.has_value();
}

void FeedClient::receive(std::string_view bytes) {
  heard_at_ = Clock::now();
  auto message = decode_from_producer(bytes);
  if (std::holds_alternative<Heartbeat>(message)) return;
  if (const auto* welcome = std::get_if<Welcome>(&message)) {
    longer_heartbeat_ = std::max(heartbeat_, welcome->heartbeat);
  }
  RowsAhead rows;
  if (const auto* frame = std::get_if<Frame>(&message)) rows = decoder_.decode(frame->events);
  const std::lock_guard lock(mutex_);
  messages_.push_back({std::move(message), std::move(rows)});
  arrived_.notify_one();
}

void FeedClient::fail(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  failure_ = reason;
  arrived_.notify_one();
}

std::optional<FeedClient::Received> FeedClient::next(const std::stop_token& stop, milliseconds timeout) {
  std::unique_lock lock(mutex_);
  arrived_.wait_for(lock, stop, timeout, [this] { return !messages_.empty() || !failure_.empty(); });
  if (!messages_.empty()) {
    auto received = std::move(messages_.front());
    messages_.pop_front();
    return received;
  }
  if (!failure_.empty()) throw ProducerLost(failure_);
  return std::nullopt;
}

}  // namespace mailboat::consumer
