#include "producer/window_sender.hpp"

#include <algorithm>
#include <utility>

#include "common/log.hpp"
#include "producer/relation_reader.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// How long an idle session waits before it looks whether there is something to send or to be written: a belt.
constexpr milliseconds idle_wait{1000};
// How often a cursor moves when only transaction ids do.
constexpr seconds empty_window_interval{1};
// How long the end of a session waits for acknowledgements of what was sent.
constexpr milliseconds last_acknowledgement_wait{1000};

// Of the last frame of a window: whether there was nothing in all of it.
bool is_empty(const Frame& last) {
  return last.index == 0 && last.events.empty() && last.load_begins.empty() && !last.chunk;
}

}  // namespace

WindowSender::WindowSender(postgres::Connection& connection, Inbox& inbox, const Subscription& subscription,
                           const ResumePoint& resume, const Hello& hello, Settings settings, Senders& senders,
                           Ports ports)
    : connection_(connection),
      inbox_(inbox),
      subscription_(subscription),
      resume_(resume),
      settings_(settings),
      ports_(std::move(ports)),
      reader_(connection, subscription),
      load_request_(connection, subscription),
      progress_(subscription.id, hello.replica, load_request_),
      tasks_(connection, subscription, settings.frame_bytes,
             [this](const Recorded& recorded) { ports_.send(recorded); }),
      operations_(connection, subscription, hello,
                  [this](const VerificationRecorded& recorded) { ports_.send(recorded); }),
      chunks_(connection, subscription, hello, operations_, settings.frame_bytes),
      replays_(connection, subscription, settings.frame_bytes),
      credit_(hello.credit, senders) {
  progress_.write_connected(connection_, subscription, resume);
  tasks_.begin(hello, resume);
}

// The window comes first: somebody waits for it. What it must not starve has its turn after each one. After a
// small window the next wake-up is near, as CommitWatch has been told of it: until then a busy source gets
// on, and so does who works on the window.
void WindowSender::step(const std::stop_token& stop) {
  take_in();
  if (window_ == 0) do_chores();  // the first one begins the loads that have been asked for
  if (inbox_.clear_wake()) {
    poll_at_ = {};
    tasks_.woken();
    operations_.woken();
    replays_.woken();
    load_request_.woken();
  }
  const auto due = credit_.covers(1) ? next_window() : Due::Nothing;
  if (due != Due::Nothing) send_window(due, stop);
  do_chores();
  const bool sent_again = credit_.covers(1) && send_again(stop);
  if (due != Due::Window && !sent_again) rest(stop);
}

// Rejections before progress: what has been acknowledged may leave the log as soon as PostgreSQL knows it,
// but not an event that is to be tried again.
void WindowSender::do_chores() {
  tasks_.record();
  operations_.record();
  progress_.write_if_due(connection_);
  replays_.record_if_due();
  if (load_request_.is_new()) throw SessionEnded("a load of every table has been asked for");
  operations_.look(sent_.value_or(resume_.read_from));
}

// Without credit a wake-up changes nothing. Meanwhile nobody waits for long for an acknowledgement that is
// here to be written down.
void WindowSender::rest(const std::stop_token& stop) {
  const auto quiet = std::min({idle_wait, tasks_.quiet_for(), operations_.quiet_for(), replays_.quiet_for()});
  const bool has_credit = credit_.covers(1);
  const auto until = has_credit ? std::min(Clock::now() + quiet, poll_at_) : Clock::now() + idle_wait;
  for (auto now = Clock::now(); now < until && !stop.stop_requested(); now = Clock::now()) {
    const auto left = std::min(std::chrono::ceil<milliseconds>(until - now), progress_.quiet_for());
    if (has_credit ? inbox_.wait_for_wake(stop, left) : inbox_.wait_for_message(stop, left)) return;
    progress_.write_if_due(connection_);
  }
}

// The first window tells a new replica about the tables.
bool WindowSender::send_again(const std::stop_token& stop) {
  if (window_ == 0) return false;
  const auto retry = next_to_send_again();
  if (!retry) return false;
  const auto cost = credit_cost(*retry, credit_.all());
  wait_for_credit(cost, stop);
  reader_.require_same_selection();
  ports_.send(*retry);
  credit_.spend(cost);
  return true;
}

// Retries and replays take turns.
std::optional<Retry> WindowSender::next_to_send_again() {
  is_replay_turn_ = !is_replay_turn_;
  auto retry = is_replay_turn_ ? replays_.next(*sent_) : tasks_.due_retry(*sent_);
  if (retry) return retry;
  return is_replay_turn_ ? tasks_.due_retry(*sent_) : replays_.next(*sent_);
}

WindowSender::Due WindowSender::next_window() {
  if (window_ == 0) return Due::Window;
  if (chunks_.is_due() || operations_.has_loads_to_begin()) return Due::Window;
  const auto now = Clock::now();
  if (now < poll_at_) return Due::Nothing;
  const auto poll = reader_.poll(*sent_);
  const auto due = poll.is_window ? Due::PolledWindow : Due::Window;
  if (poll.is_window) poll_at_ = now + idle_wait;
  if (poll.has_events) {
    ports_.found_events();
    return due;
  }
  const bool moved = poll.is_durable && poll.now != *sent_;
  return moved && now - window_sent_at_ >= empty_window_interval ? due : Due::Nothing;
}

void WindowSender::open_window() {
  if (window_ > 0) return reader_.open(sent_);
  reader_.open(resume_.read_from,
               resume_.loads_tables ? WindowReader::Events::PublishedOnly : WindowReader::Events::All);
}

void WindowSender::send_window(Due due, const std::stop_token& stop) {
  const bool first = window_ == 0;
  if (due == Due::Window) open_window();

  Frame frame;
  frame.window = ++window_;
  frame.from = first ? resume_.cursor : sent_;
  std::vector<TableChange> changes;
  const auto missing = first ? describe_tables(frame, changes) : std::vector<std::string>();
  while (reader_.fill(frame.events, settings_.frame_bytes, changes)) emit(frame, stop);
  for (const auto& topic : missing) changes.push_back({.topic = topic, .load = true});
  begin_loads(frame, changes);
  if (due == Due::Window && !reader_.was_suspended()) send_chunk(frame, stop);
  reader_.finish();

  // Only now may the consumer commit: before that the source could forget, in a crash, what this snapshot
  // covers.
  reader_.await_durable();
  frame.to = reader_.to();
  frame.last = true;
  const bool has_content = first || !is_empty(frame);
  emit(frame, stop);
  progress_.sent({window_, has_content, chunks_.progress()});
  sent_ = reader_.to();
  window_sent_at_ = Clock::now();
  log::debug("window sent",
             {{"subscription", subscription_.name}, {"window", window_}, {"to", sent_->to_string()}});
}

// What a replica must know of the tables before the first events; returns those whose rows it has not got.
// One that is loaded in place gets no events of tables, and learns from the descriptions what its tables have
// become since its cursor.
std::vector<std::string> WindowSender::describe_tables(Frame& frame, std::vector<TableChange>& changes) {
  auto& source = reader_.at_snapshot();
  const auto& taken = reader_.taken();
  const bool is_new = !resume_.cursor && resume_.loads_tables;
  frame.events =
      relations_at(source, subscription_, taken, is_new ? reader_.to() : resume_.read_from, is_new);
  if (resume_.loads_tables) {
    auto since = relations_since(source, subscription_, taken, resume_.read_from);
    if (!is_new) since.events.for_each([&](const Event& event) { frame.events.add(event); });
    changes = std::move(since.changes);
    return tracked_topics(source, taken);
  }
  // Of what the subscription takes since, it has got nothing yet but what came after. Its cursor tells, also
  // when its file is an older copy.
  if (resume_.cursor) return topics_widened_since(source, subscription_, taken, *resume_.cursor);
  return {};
}

// What the log says has to be loaded is begun before what operators ask for, which may be the same.
void WindowSender::begin_loads(Frame& frame, const std::vector<TableChange>& changes) {
  for (const auto& change : changes) {
    chunks_.follow(change, window_);
    operations_.follow(change);
  }
  if (subscription_.start == Subscription::Start::Load || (window_ == 1 && resume_.loads_tables)) {
    begin_loads(frame, topics_to_load(changes));
  }
  begin_loads(frame, operations_.begin_loads(window_, reader_.to(), [this](const std::string& topic) {
    return chunks_.is_loading(topic);
  }));
}

void WindowSender::begin_loads(Frame& frame, const std::vector<std::string>& topics) {
  chunks_.begin_loads(topics);
  frame.load_begins.insert(frame.load_begins.end(), topics.begin(), topics.end());
}

void WindowSender::send_chunk(Frame& frame, const std::stop_token& stop) {
  auto chunk = chunks_.read(window_);
  if (!chunk) return;
  reader_.finish();  // the rows are here: who waits to alter the table need not wait for the consumer, too
  for (auto& piece : chunk->pieces) {
    if (frame.chunk) emit(frame, stop);
    frame.chunk = std::move(piece);
  }
}

void WindowSender::emit(Frame& frame, const std::stop_token& stop) {
  const auto cost = credit_cost(frame, credit_.all());
  wait_for_credit(cost, stop);
  ports_.send(frame);
  credit_.spend(cost);
  Frame next;
  next.window = frame.window;
  next.index = frame.index + 1;
  frame = std::move(next);
}

void WindowSender::wait_for_credit(std::uint32_t cost, const std::stop_token& stop) {
  take_in();
  while (!credit_.covers(cost)) {
    if (stop.stop_requested()) throw SessionEnded("stopped while the consumer was busy");
    const auto left = settings_.snapshot_hold_max - reader_.open_for();
    if (left <= milliseconds(0)) reader_.suspend();
    inbox_.wait_for_message(stop, std::clamp(left, milliseconds(1), idle_wait));
    take_in();
  }
}

void WindowSender::take_in() {
  for (auto& message : inbox_.take()) {
    if (const auto* ack = std::get_if<Ack>(&message)) {
      acknowledged_window_ = ack->window;
      operations_.acknowledged(ack->window);
      progress_.acknowledged(*ack);
    } else if (auto* rejected = std::get_if<Rejected>(&message)) {
      tasks_.take(std::move(*rejected));
    } else if (auto* retried = std::get_if<Retried>(&message)) {
      if (retried->replay == 0) {
        tasks_.take(std::move(*retried));
      } else {
        replays_.take(*retried);
      }
    } else if (auto* verified = std::get_if<Verified>(&message)) {
      operations_.take(std::move(*verified));
    } else if (const auto* credit = std::get_if<Credit>(&message)) {
      credit_.give_back(credit->amount);
    } else if (std::holds_alternative<Goodbye>(message)) {
      consumer_gone_ = true;
      throw SessionEnded("the consumer has left");
    }
  }
}

void WindowSender::wind_up() {
  const auto deadline = Clock::now() + last_acknowledgement_wait;
  reader_.finish();  // the session may have ended in the middle of a window
  try {
    take_in();
    while (!consumer_gone_ && acknowledged_window_ < window_ && Clock::now() < deadline) {
      inbox_.wait_for_message({}, std::chrono::duration_cast<milliseconds>(deadline - Clock::now()));
      take_in();
    }
  } catch (const SessionEnded&) {
    // A goodbye comes after the last acknowledgement: nothing more will.
  }
  tasks_.record();
  operations_.record();
  replays_.record_rest();
  progress_.write_rest(connection_);
}

}  // namespace mailboat::producer
