#include "consumer/follower.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>

#include "common/backoff.hpp"
#include "common/channel_zmq.hpp"
#include "common/log.hpp"
#include "consumer/feed_client.hpp"
#include "consumer/replica.hpp"
#include "consumer/storage_error.hpp"
#include "consumer/window_applier.hpp"

namespace mailboat::consumer {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

// MiB that may be under way to us or waiting here: enough to keep both sides busy.
constexpr std::uint32_t all_credit = 8;
constexpr milliseconds message_wait{500};
// After a stop, how long the rest of a window that has begun may take to come.
constexpr seconds finish_window_within{10};
// How long a subscription may be taken before we believe that another consumer really has it: the one that
// had it before us may have died without a word, which its producer notices after a few heartbeats.
constexpr seconds busy_patience{15};

// A refusal that may mend itself. The others are Fatal.
class RefusedForNow : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

void pause(const std::stop_token& stop, milliseconds duration) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, duration, [] { return false; });
}

class Follower {
 public:
  Follower(const ConsumerOptions& options, std::stop_token stop)
      : options_(options), stop_(std::move(stop)) {}

  void run() {
    while (!stop_.stop_requested() && !caught_up_) {
      try {
        if (!replica_) replica_.emplace(options_.database, options_.subscription);
        converse();
      } catch (const ReplicaUnavailable& error) {
        replica_.reset();
        wait_after(error.what());
      } catch (const InvalidInput& error) {
        wait_after(error.what());
      } catch (const Unavailable& error) {
        wait_after(error.what());
      }
    }
  }

 private:
  // One session with one producer, until it ends.
  void converse() {
    const auto& endpoint = options_.producers[next_producer_++ % options_.producers.size()];
    try {
      converse_with(endpoint);
    } catch (const ProducerLost& error) {
      throw ProducerLost("no answer from producer " + endpoint + ": " + error.what());
    }
  }

  void converse_with(const std::string& endpoint) {
    FeedClient client(connect_zmq(endpoint), hello(), options_.heartbeat);
    const auto welcome = await_welcome(client);
    if (!welcome) return;
    log::info("following",
              {{"producer", endpoint},
               {"subscription", options_.subscription},
               {"cursor", replica_->cursor() ? replica_->cursor()->snapshot.to_string() : "none"}});
    busy_since_.reset();
    WindowApplier applier(*replica_, welcome->source);
    follow_windows(client, applier);
  }

  Hello hello() {
    return {protocol_version,   options_.subscription,        replica_->identity(),
            replica_->cursor(), replica_->unfinished_loads(), all_credit,
            options_.heartbeat};
  }

  std::optional<Welcome> await_welcome(FeedClient& client) {
    while (!stop_.stop_requested()) {
      const auto message = client.next(stop_, message_wait);
      if (!message) continue;
      if (const auto* refusal = std::get_if<Refusal>(&*message)) refused(*refusal);
      if (const auto* welcome = std::get_if<Welcome>(&*message)) return *welcome;
    }
    return std::nullopt;
  }

  void follow_windows(FeedClient& client, WindowApplier& applier) {
    std::optional<Clock::time_point> deadline;
    while (!caught_up_) {
      if (stop_.stop_requested()) {
        if (!deadline) deadline = Clock::now() + finish_window_within;
        if (!applier.in_window() || Clock::now() > *deadline) return;
      }
      const auto message = client.next(deadline ? std::stop_token() : stop_, message_wait);
      if (!message) continue;
      if (const auto* refusal = std::get_if<Refusal>(&*message)) refused(*refusal);
      const auto* frame = std::get_if<Frame>(&*message);
      if (frame == nullptr) continue;
      if (const auto ack = applier.apply(*frame)) on_committed(client, *ack);
      client.send(Credit{credit_cost(*frame, all_credit)});
    }
  }

  void on_committed(FeedClient& client, const Ack& ack) {
    client.send(ack);
    log::debug("window applied", {{"window", ack.window}, {"cursor", ack.snapshot.to_string()}});
    recovered();
    // The first window of a session ends at a snapshot taken after our Hello: it holds whatever was committed
    // before.
    if (options_.until_caught_up && replica_->unfinished_loads().empty()) caught_up_ = true;
  }

  [[noreturn]] void refused(const Refusal& refusal) {
    if (is_temporary(refusal.code)) throw RefusedForNow(refusal.text);
    if (refusal.code == RefusalCode::Busy) {
      if (!busy_since_) busy_since_ = Clock::now();
      if (Clock::now() - *busy_since_ < busy_patience) throw RefusedForNow(refusal.text);
    }
    throw Fatal("the producer refuses: " + refusal.text);
  }

  void wait_after(const std::string& trouble) {
    if (trouble != trouble_) log::warn("waiting to try again", {{"reason", trouble}});
    trouble_ = trouble;
    pause(stop_, backoff_.next());
  }

  void recovered() {
    backoff_.succeeded();
    if (!trouble_.empty()) log::info("working again");
    trouble_.clear();
  }

  const ConsumerOptions& options_;
  const std::stop_token stop_;
  std::optional<Replica> replica_;
  Backoff backoff_{{.first = milliseconds(50), .longest = milliseconds(3000)}};
  std::size_t next_producer_ = 0;
  std::string trouble_;  // the last reason for waiting that was logged
  std::optional<Clock::time_point> busy_since_;
  bool caught_up_ = false;
};

}  // namespace

void follow(const ConsumerOptions& options, const std::stop_token& stop) { Follower(options, stop).run(); }

}  // namespace mailboat::consumer
