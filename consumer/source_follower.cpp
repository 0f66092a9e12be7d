#include "consumer/source_follower.hpp"

#include <algorithm>
#include <utility>

#include "common/pause.hpp"
#include "consumer/producer_connection.hpp"
#include "consumer/storage_error.hpp"
#include "consumer/trouble_report.hpp"

namespace mailboat::consumer {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

}  // namespace

SourceFollower::SourceFollower(const ConsumerOptions& options, const Source& source,
                               std::shared_ptr<ReplicaFile> file, std::stop_token stop,
                               SourceMonitor& monitor)
    : options_(options),
      source_(source),
      file_(std::move(file)),
      stop_(std::move(stop)),
      monitor_(monitor),
      backoff_({.first = milliseconds(50), .longest = milliseconds(3000)}),
      lost_backoff_({.first = milliseconds(50), .longest = milliseconds(500)}),
      producers_(source.producers, options.heartbeat, [this](const std::string& endpoint) {
        return connect_to_producer(options_, source_, endpoint);
      }) {}

SourceFollower::~SourceFollower() { waits_.over("no longer waiting to follow"); }

void SourceFollower::run() {
  while (!stop_.stop_requested() && !so_far_.caught_up) {
    monitor_.beat();
    go_on();
  }
  if (so_far_.caught_up && !so_far_.paused_tables.empty()) {
    throw Fatal("everything has been read, but " + so_far_.paused_tables.front());
  }
  if (so_far_.caught_up && so_far_.rejections > 0) {
    throw Fatal("everything has been read, but " + std::to_string(so_far_.rejections) +
                " events could not be applied. See: mailboat failed list " + source_.subscription);
  }
}

void SourceFollower::go_on() {
  try {
    open_replica();
    converse();
  } catch (const NoTurn&) {
    return;  // stopped
  } catch (const ReplicaUnavailable& error) {
    replica_.reset();
    wait_after(error.what(), Report::Yes, backoff_);
  } catch (const SourceStopped& error) {
    report(std::string("the consumer has stopped: ") + error.what());
    throw;
  } catch (const ProducerLost& error) {
    wait_after(error.what(), Report::No, lost_backoff_);
  } catch (const InvalidInput& error) {
    wait_after(error.what(), Report::No, backoff_);
  } catch (const Unavailable& error) {
    wait_after(error.what(), Report::No, backoff_);
  }
}

void SourceFollower::open_replica() {
  if (replica_) return;
  try {
    replica_ = make_replica();
  } catch (const NotADatabase& error) {
    if (!opened_before_) throw WrongFile(error.what());
    throw;
  } catch (const ConfigurationError& error) {
    // It was right at the start: the file has changed since.
    if (!opened_before_) throw;
    throw ReplicaUnavailable(error.what());
  } catch (const SourceStopped&) {
    throw;
  } catch (const Fatal& error) {
    throw WrongFile(error.what());
  }
  opened_before_ = true;
}

std::unique_ptr<Replica> SourceFollower::make_replica() const {
  const auto followers =
      std::count_if(options_.sources.begin(), options_.sources.end(),
                    [this](const Source& source) { return source.subscription == source_.subscription; });
  Replica::Options replica{options_.database, source_.subscription,
                           routes_of_source(source_, options_.routes), options_.reject_limit};
  replica.owner = {source_.name, source_.prefix};
  replica.takes_over_unnamed = followers == 1;
  replica.works_on = [this] { monitor_.beat(); };
  return std::make_unique<Replica>(std::move(replica), file_);
}

// One session with one producer, until it ends.
void SourceFollower::converse() {
  asked_ = producers_.choose(Clock::now());
  bool has_served = false;
  const auto committed = [this, &has_served] {
    has_served = true;
    recovered();
  };
  try {
    Conversation(options_, source_, *replica_, *file_, stop_, so_far_, monitor_)
        .hold(asked_, {.committed = committed,
                       .better_answers = [this] { return producers_.better_answers(Clock::now()); }});
  } catch (const ReplicaUnavailable&) {
    throw;  // no producer can help
  } catch (const Refused& error) {
    if (!producers_.refused(Clock::now())) throw;
    throw RefusedForNow(asked_ + ": " + error.what());  // there are others
  } catch (const RefusedForNow&) {
    // Who has served well may end the session for another one (a load was asked for, for example), and is
    // asked first. Should it stop, it says so again.
    if (!has_served) producers_.failed(Clock::now());
    throw;
  } catch (const ProducerLost& error) {
    producers_.failed(Clock::now());
    throw ProducerLost("no answer from producer " + asked_ + ": " + error.what());
  } catch (const Unavailable&) {
    producers_.failed(Clock::now());
    throw;
  } catch (const InvalidInput&) {
    producers_.failed(Clock::now());
    throw;
  }
}

bool SourceFollower::report(const std::string& trouble) {
  return report_trouble(options_, source_, trouble, stop_);
}

void SourceFollower::wait_after(const std::string& trouble, Report is_to_be_reported, Backoff& backoff) {
  auto& known = trouble_[asked_];
  if (trouble != known) reported_ = is_to_be_reported == Report::No;
  waits_.say(log::Level::Warning, asked_ + ' ' + without_digits(trouble), "waiting to try again",
             {{"reason", trouble}});
  known = trouble;
  monitor_.waits(trouble);
  if (!reported_) reported_ = report(trouble);
  pause(stop_, backoff.next());
}

void SourceFollower::recovered() {
  producers_.served();
  backoff_.succeeded();
  lost_backoff_.succeeded();
  waits_.over("working again");
  trouble_.clear();
}

}  // namespace mailboat::consumer
