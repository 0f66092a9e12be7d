#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/channel.hpp"
#include "common/messages.hpp"

namespace mailboat::test {

/// A consumer played by a test. It acknowledges windows and gives credit back by itself; what else it says,
/// the test says. One thread. Never silent for the producer: it asks not to be missed for minutes.
class ScriptedConsumer {
 public:
  /// Says nothing yet.
  explicit ScriptedConsumer(const std::string& endpoint, std::uint32_t credit = 8);

  void send(const FromConsumer& message);
  /// Begins a session at the cursor, and returns once its first window is here. False when it did not begin.
  bool follow(const std::string& subscription, const std::optional<Cursor>& cursor = std::nullopt);
  void reject(EventId event, TransactionId transaction, const std::string& error = "refused");
  /// Answers all events of a Retry alike.
  void answer(const Retry& retry, RetryOutcome::Result result, const std::string& error = {});

  /// The next message of this kind; others that come before it are kept in order. Nothing when it does not
  /// come.
  template <typename Message>
  std::optional<Message> next(std::chrono::milliseconds timeout = std::chrono::seconds(30)) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    do {
      for (auto at = received_.begin(); at != received_.end(); ++at) {
        if (!std::holds_alternative<Message>(*at)) continue;
        auto message = std::get<Message>(std::move(*at));
        received_.erase(at);
        return message;
      }
      receive(std::chrono::milliseconds(20));
    } while (std::chrono::steady_clock::now() < deadline);
    return std::nullopt;
  }
  /// True once an event with this id has come in a window.
  bool has_window_with(EventId event);
  /// Messages of this kind that are here now and that next() has not given out.
  template <typename Message>
  [[nodiscard]] int waiting() {
    receive(std::chrono::milliseconds(0));
    int count = 0;
    for (const auto& message : received_) count += std::holds_alternative<Message>(message) ? 1 : 0;
    return count;
  }

  /// What a replica would have stored with the last window.
  [[nodiscard]] const std::optional<Cursor>& cursor() const { return cursor_; }
  /// Pauses and resumes acknowledging windows.
  void set_acknowledging(bool acknowledging) { acknowledging_ = acknowledging; }

 private:
  void receive(std::chrono::milliseconds timeout);
  void take(FromProducer message);
  void pay(std::uint32_t cost);
  void give_back(std::uint32_t cost);
  void work_through(const Frame& frame);

  std::unique_ptr<Connection> connection_;
  const std::uint32_t all_credit_;
  std::int64_t under_way_ = 0;  // of the credit
  bool acknowledging_ = true;
  std::optional<Welcome> welcome_;
  std::optional<Cursor> cursor_;
  std::deque<FromProducer> received_;
  std::vector<EventId> events_;  // of all windows
};

}  // namespace mailboat::test
