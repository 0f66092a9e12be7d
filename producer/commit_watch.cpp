#include "producer/commit_watch.hpp"

#include <algorithm>
#include <utility>

#include "common/backoff.hpp"
#include "common/repeated.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;

// The key that the capture functions use: see migrations.
constexpr auto try_lock = "SELECT pg_try_advisory_lock(1835162484, 1)";
constexpr auto unlock = "SELECT pg_advisory_unlock(1835162484, 1)";
constexpr auto channel = "outbox_wakeup";

constexpr milliseconds shortest_interval{1};
// A sleeping watch looks up at this interval to see whether it should stop.
constexpr milliseconds sleep_slice{250};

bool may_sleep(postgres::Connection& connection) {
  return connection.query("SELECT current_setting('max_prepared_transactions')::int = 0").boolean(0, 0);
}

}  // namespace

CommitWatch::CommitWatch(std::string conninfo, milliseconds poll_interval_max, milliseconds sleep_limit)
    : conninfo_(std::move(conninfo)),
      poll_interval_max_(poll_interval_max),
      sleep_limit_(sleep_limit),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void CommitWatch::add(Inbox& inbox) {
  const std::lock_guard lock(mutex_);
  inboxes_.push_back(&inbox);
  changed_.notify_all();
}

void CommitWatch::remove(Inbox& inbox) {
  const std::lock_guard lock(mutex_);
  std::erase(inboxes_, &inbox);
  changed_.notify_all();
}

void CommitWatch::found_events() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(found_events_, true)) changed_.notify_all();
}

bool CommitWatch::take_found_events() {
  const std::lock_guard lock(mutex_);
  return std::exchange(found_events_, false);
}

bool CommitWatch::has_sessions() {
  const std::lock_guard lock(mutex_);
  return !inboxes_.empty();
}

void CommitWatch::wake_all() {
  const std::lock_guard lock(mutex_);
  for (auto* inbox : inboxes_) inbox->wake();
}

void CommitWatch::pause(const std::stop_token& stop, milliseconds interval) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, interval, [&] { return interval > shortest_interval && found_events_; });
}

void CommitWatch::run(const std::stop_token& stop) {
  Backoff backoff({.first = milliseconds(100), .longest = milliseconds(5000)});
  log::Repeated trouble;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return !inboxes_.empty(); })) return;
    }
    try {
      postgres::Connection connection(conninfo_, "mailboat-producer/commit-watch");
      trouble.over("watching for commits again");
      backoff.succeeded();
      connection.listen(channel);
      watch(stop, connection);
    } catch (const Error& error) {
      // The sessions notice a lost server themselves. If it is only us who cannot connect, they must not
      // sleep on.
      trouble.say(log::Level::Warning, without_digits(error.what()), "cannot watch for commits",
                  {{"error", error.what()}});
      wake_all();
      pause(stop, backoff.next());
    }
  }
}

void CommitWatch::watch(const std::stop_token& stop, postgres::Connection& connection) {
  const bool sleep_allowed = may_sleep(connection);
  auto interval = shortest_interval;
  while (!stop.stop_requested() && has_sessions()) {
    const bool found_events = take_found_events();
    if (!found_events && sleep_allowed && connection.query_prepared(try_lock, {}).boolean(0, 0)) {
      // Nobody who has captured something is in flight. Whatever was committed before this moment is visible
      // to the windows that the sessions read now; whatever is captured later finds the lock taken and
      // notifies.
      wake_all();
      sleep_until_notified(stop, connection);
      wake_all();  // at once: what we were told of can be read, and unlocking takes a round trip
      connection.query_prepared(unlock, {});
      interval = shortest_interval;
    } else {
      if (found_events) interval = shortest_interval;
      wake_all();
    }
    pause(stop, interval);
    interval = std::min(interval * 2, poll_interval_max_);
  }
}

void CommitWatch::sleep_until_notified(const std::stop_token& stop, postgres::Connection& connection) {
  auto slept = milliseconds(0);
  while (!stop.stop_requested() && has_sessions() && slept < sleep_limit_) {
    if (connection.wait_for_notification(sleep_slice)) return;
    slept += sleep_slice;
  }
}

}  // namespace mailboat::producer
