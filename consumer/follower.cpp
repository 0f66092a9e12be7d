#include "consumer/follower.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "common/backoff.hpp"
#include "common/channel_zmq.hpp"
#include "common/log.hpp"
#include "consumer/feed_client.hpp"
#include "consumer/paused_loads.hpp"
#include "consumer/rejection_report.hpp"
#include "consumer/replica.hpp"
#include "consumer/storage_error.hpp"
#include "consumer/trouble_report.hpp"
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
        open_replica();
        converse();
      } catch (const ReplicaUnavailable& error) {
        replica_.reset();
        wait_after(error.what(), Report::Yes);
      } catch (const RejectionStorm& error) {
        report_trouble(options_, std::string("the consumer has stopped: ") + error.what(), stop_);
        throw;
      } catch (const InvalidInput& error) {
        wait_after(error.what(), Report::No);
      } catch (const Unavailable& error) {
        wait_after(error.what(), Report::No);
      }
    }
    if (caught_up_ && !paused_tables_.empty()) {
      throw Fatal("everything has been read, but " + paused_tables_.front());
    }
    if (caught_up_ && rejections_ > 0) {
      throw Fatal("everything has been read, but " + std::to_string(rejections_) +
                  " events could not be applied. See: mailboat failed list " + options_.subscription);
    }
  }

 private:
  enum class Report { No, Yes };

  void open_replica() {
    if (replica_) return;
    try {
      replica_.emplace(
          Replica::Options{options_.database, options_.subscription, options_.routes, options_.reject_limit});
    } catch (const NotADatabase& error) {
      if (!opened_before_) throw Fatal(error.what());
      throw;
    } catch (const ConfigurationError& error) {
      // It was right at the start: the file has changed since.
      if (!opened_before_) throw;
      throw ReplicaUnavailable(error.what());
    }
    opened_before_ = true;
  }

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
    if (welcome->new_history) {
      begin_new_history();
    } else {
      report_verifications(client);
    }
    RejectionReport report(*replica_, client, welcome->new_history);
    WindowApplier applier(*replica_, *welcome);
    follow_windows(client, applier, report);
  }

  void begin_new_history() {
    log::warn("the source has another history than the one that was followed: every table is loaded in place",
              {{"subscription", options_.subscription}});
    paused_loads_ = {};
  }

  Hello hello() {
    replica_->own_loads_told();
    return {protocol_version,
            options_.subscription,
            replica_->identity(),
            replica_->cursor(),
            paused_loads_.with_pauses(replica_->unfinished_loads(), Clock::now()),
            all_credit,
            options_.heartbeat,
            {},
            replica_->file_id(),
            replica_->retries(),
            replica_->running_verification(),
            std::chrono::ceil<seconds>(options_.verify_every)};
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

  void follow_windows(FeedClient& client, WindowApplier& applier, RejectionReport& report) {
    std::optional<Clock::time_point> deadline;
    while (!caught_up_ && !session_over(applier)) {
      if (stop_.stop_requested()) {
        if (!deadline) deadline = Clock::now() + finish_window_within;
        if (!applier.in_window() || Clock::now() > *deadline) return;
      }
      const auto message = client.next(deadline ? std::stop_token() : stop_, message_wait);
      if (message) on_message(client, applier, report, *message);
    }
  }

  // A load that was refused is left out of the session, or taken in again, by beginning a new one; likewise
  // one that the replica itself has begun, and a table that was paused.
  bool session_over(const WindowApplier& applier) {
    if (applier.in_window()) return false;
    return paused_loads_.session_must_change(Clock::now()) || replica_->has_own_loads() ||
           replica_->may_go_on();
  }

  void on_message(FeedClient& client, WindowApplier& applier, RejectionReport& report,
                  const FromProducer& message) {
    if (const auto* refusal = std::get_if<Refusal>(&message)) refused(*refusal);
    if (const auto* frame = std::get_if<Frame>(&message)) {
      if (const auto ack = applier.apply(*frame)) {
        if (replica_->has_verified()) report_verifications(client);
        on_committed(report, *ack);
      }
      client.send(Credit{credit_cost(*frame, all_credit)});
    } else if (const auto* retry = std::get_if<Retry>(&message)) {
      if (applier.in_window()) throw StreamBroken("a retry came in the middle of a window");
      auto retried = replica_->retry(retry->events);
      retried.replay = retry->replay;
      client.send(retried);
      client.send(Credit{credit_cost(*retry, all_credit)});
    } else if (const auto* recorded = std::get_if<Recorded>(&message)) {
      report.recorded(recorded->event_ids);
      end_if_caught_up();
    } else if (const auto* verified = std::get_if<VerificationRecorded>(&message)) {
      replica_->confirm_verification(*verified);
    }
  }

  void report_verifications(FeedClient& client) {
    for (const auto& verified : replica_->unconfirmed_verifications()) {
      const auto wrong = verified.missing + verified.extra + verified.different;
      if (wrong > 0) {
        log::warn("a verification has found differences", {{"operation", verified.operation},
                                                           {"topic", verified.topic},
                                                           {"rows", wrong},
                                                           {"repaired", verified.repaired}});
      }
      client.send(verified);
    }
  }

  void on_committed(RejectionReport& report, Ack ack) {
    const auto& summary = replica_->summary();
    if (summary.rejections > 0) {
      rejections_ += summary.rejections;
      log::warn("events could not be applied and are tasks now",
                {{"window", ack.window}, {"events", summary.rejections}, {"first", summary.first_rejection}});
    }
    if (!summary.refused_load.empty()) on_refused_load(summary);
    for (const auto& topic : summary.left_alone) {
      log::warn("the source does not track this table any more: its rows stay as they were",
                {{"topic", topic}});
    }
    ack.trouble = trouble();
    log::debug("window applied", {{"window", ack.window}, {"cursor", ack.snapshot.to_string()}});
    report.window_committed(std::move(ack));
    recovered();
    has_committed_ = true;
    end_if_caught_up();
  }

  // What does not go on although windows do.
  std::string trouble() {
    auto text = paused_loads_.trouble(Clock::now());
    auto paused = replica_->paused_tables();
    for (const auto& sentence : paused) {
      if (!text.empty()) text += "; ";
      text += sentence;
    }
    if (paused != paused_tables_) {
      for (const auto& sentence : paused) log::warn("a table waits for an operator", {{"reason", sentence}});
      if (paused.empty()) log::info("no table is paused any more");
      paused_tables_ = std::move(paused);
    }
    return text;
  }

  void on_refused_load(const Replica::Summary& summary) {
    if (options_.until_caught_up) throw Fatal(summary.refused_load_reason);
    if (paused_loads_.pause(summary.refused_load, summary.refused_load_reason, Clock::now())) {
      log::warn("a load waits, trying again every " + std::to_string(PausedLoads::interval.count()) + " s",
                {{"reason", summary.refused_load_reason}});
    }
  }

  // The first window of a session ends at a snapshot taken after our Hello: it holds whatever was committed
  // before. What it rejected is safe when PostgreSQL has it.
  void end_if_caught_up() {
    if (!options_.until_caught_up || !has_committed_) return;
    caught_up_ = replica_->unfinished_loads().empty() && replica_->unconfirmed(0).rejections.empty();
  }

  [[noreturn]] void refused(const Refusal& refusal) {
    if (is_temporary(refusal.code)) throw RefusedForNow(refusal.text);
    if (refusal.code == RefusalCode::Busy) {
      if (!busy_since_) busy_since_ = Clock::now();
      if (Clock::now() - *busy_since_ < busy_patience) throw RefusedForNow(refusal.text);
    }
    throw Fatal("the producer refuses: " + refusal.text);
  }

  void wait_after(const std::string& trouble, Report report) {
    if (trouble != trouble_) {
      log::warn("waiting to try again", {{"reason", trouble}});
      reported_ = report == Report::No;
    }
    trouble_ = trouble;
    if (!reported_) reported_ = report_trouble(options_, trouble, stop_);
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
  bool opened_before_ = false;
  Backoff backoff_{{.first = milliseconds(50), .longest = milliseconds(3000)}};
  std::size_t next_producer_ = 0;
  std::string trouble_;   // the last reason for waiting that was logged
  bool reported_ = true;  // a producer knows of it, or need not
  std::optional<Clock::time_point> busy_since_;
  PausedLoads paused_loads_;
  std::vector<std::string> paused_tables_;  // as they were last logged
  std::size_t rejections_ = 0;              // since the start
  bool has_committed_ = false;              // a window, since the start
  bool caught_up_ = false;
};

}  // namespace

void follow(const ConsumerOptions& options, const std::stop_token& stop) { Follower(options, stop).run(); }

}  // namespace mailboat::consumer
