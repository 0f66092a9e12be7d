#include "consumer/conversation.hpp"

#include <algorithm>
#include <utility>

#include "common/log.hpp"
#include "consumer/producer_connection.hpp"

namespace mailboat::consumer {
namespace {

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
constexpr seconds first_patience{5};
// How long the rest of a window may stay away before we do not count as ready any more.
constexpr seconds stalled_after{30};
constexpr int most_doublings = 4;

}  // namespace

seconds patience_with_window(int turns_lost) {
  return first_patience * (1 << std::min(turns_lost, most_doublings));
}

void Conversation::hold(const std::string& endpoint, Ports ports) {
  ports_ = std::move(ports);
  const bool has_others = source_.producers.size() > 1;
  FeedClient client(connect_to_producer(options_, source_, endpoint), hello(), options_.heartbeat,
                    replica_.columns_in_force(),
                    has_others ? FeedClient::IfUnreachable::GiveUp : FeedClient::IfUnreachable::Wait);
  const auto welcome = await_welcome(client);
  if (!welcome) return;
  so_far_.beginnings.say(log::Level::Info, endpoint, "following",
                         {{"producer", endpoint},
                          {"subscription", source_.subscription},
                          {"cursor", replica_.cursor() ? replica_.cursor()->snapshot.to_string() : "none"}});
  monitor_.connected(endpoint);
  so_far_.busy_since.reset();
  if (welcome->new_history) {
    begin_new_history();
  } else {
    report_verifications(client);
  }
  RejectionReport report(replica_, client, welcome->new_history);
  WindowApplier applier(replica_, *welcome);
  follow_windows(client, applier, report);
}

void Conversation::begin_new_history() {
  log::warn("the source has another history than the one that was followed: every table is loaded in place",
            {{"subscription", source_.subscription}});
  so_far_.paused_loads = {};
}

Hello Conversation::hello() {
  replica_.begin_session();
  return {protocol_version,
          source_.subscription,
          replica_.identity(),
          replica_.cursor(),
          so_far_.paused_loads.with_pauses(replica_.unfinished_loads(), Clock::now()),
          all_credit,
          options_.heartbeat,
          {},
          replica_.file_id(),
          replica_.retries(),
          replica_.running_verification(),
          std::chrono::ceil<seconds>(options_.verify_every),
          replica_.wants_times()};
}

std::optional<Welcome> Conversation::await_welcome(FeedClient& client) {
  while (!stop_.stop_requested()) {
    monitor_.beat();
    const auto received = client.next(stop_, message_wait);
    if (!received) continue;
    if (const auto* refusal = std::get_if<Refusal>(&received->message)) refused(*refusal);
    if (const auto* welcome = std::get_if<Welcome>(&received->message)) return *welcome;
  }
  return std::nullopt;
}

void Conversation::follow_windows(FeedClient& client, WindowApplier& applier, RejectionReport& report) {
  std::optional<Clock::time_point> deadline;
  auto heard_at = Clock::now();
  while (!so_far_.caught_up && !session_over(applier)) {
    monitor_.beat();
    if (stop_.stop_requested()) {
      if (!deadline) deadline = Clock::now() + finish_window_within;
      if (!applier.in_window() || Clock::now() > *deadline) return;
    }
    const auto received = client.next(deadline ? std::stop_token() : stop_, message_wait);
    if (received) {
      on_message(client, applier, report, *received);
      heard_at = Clock::now();
    } else {
      require_turn(applier, heard_at);
    }
  }
}

// The others cannot write before we have committed or given up.
void Conversation::require_turn(const WindowApplier& applier, Clock::time_point heard_at) {
  if (applier.in_window() && Clock::now() - heard_at > stalled_after) monitor_.stalled();
  const auto patience = patience_with_window(so_far_.turns_lost);
  if (!applier.in_window() || Clock::now() - heard_at < patience || !file_.turn_is_wanted()) return;
  ++so_far_.turns_lost;
  throw TurnLost("the rest of a window has not come for " + std::to_string(patience.count()) +
                 " s while other sources waited to write to the file: it is rolled back, and asked for anew");
}

// A load that was refused is left out of the session, or taken in again, by beginning a new one; likewise one
// that the replica itself has begun, and a table that was paused.
bool Conversation::session_over(const WindowApplier& applier) const {
  if (applier.in_window()) return false;
  return so_far_.paused_loads.session_must_change(Clock::now()) || replica_.has_own_loads() ||
         replica_.may_go_on() || is_better_served_elsewhere();
}

bool Conversation::is_better_served_elsewhere() const {
  const bool is = ports_.better_answers();
  if (is) log::info("a producer earlier in the list answers again: going over to it");
  return is;
}

void Conversation::on_message(FeedClient& client, WindowApplier& applier, RejectionReport& report,
                              const FeedClient::Received& received) {
  const auto& message = received.message;
  if (const auto* refusal = std::get_if<Refusal>(&message)) refused(*refusal);
  if (const auto* frame = std::get_if<Frame>(&message)) {
    on_frame(client, applier, report, *frame, received.rows);
  } else if (const auto* retry = std::get_if<Retry>(&message)) {
    on_retry(client, applier, *retry);
  } else if (const auto* recorded = std::get_if<Recorded>(&message)) {
    report.recorded(recorded->event_ids);
    end_if_caught_up();
  } else if (const auto* verified = std::get_if<VerificationRecorded>(&message)) {
    replica_.confirm_verification(*verified);
  }
}

void Conversation::on_frame(FeedClient& client, WindowApplier& applier, RejectionReport& report,
                            const Frame& frame, const RowsAhead& rows) {
  const auto began = Clock::now();
  const auto ack = applier.apply(frame, rows);
  monitor_.frame_applied(frame, Clock::now() - began);
  if (ack) {
    if (replica_.has_verified()) report_verifications(client);
    on_committed(applier, report, *ack);
  }
  client.send(Credit{credit_cost(frame, all_credit)});
}

void Conversation::on_retry(FeedClient& client, const WindowApplier& applier, const Retry& retry) {
  if (applier.in_window()) throw StreamBroken("a retry came in the middle of a window");
  auto retried = replica_.retry(retry.events);
  retried.replay = retry.replay;
  monitor_.retried(retry.events, retried);
  client.send(retried);
  client.send(Credit{credit_cost(retry, all_credit)});
}

void Conversation::report_verifications(FeedClient& client) {
  for (const auto& verified : replica_.unconfirmed_verifications()) {
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

void Conversation::on_committed(const WindowApplier& applier, RejectionReport& report, Ack ack) {
  const auto& summary = replica_.summary();
  if (summary.rejections > 0) {
    so_far_.rejections += summary.rejections;
    so_far_.refused_events.say(
        log::Level::Warning, without_digits(summary.first_rejection),
        "events could not be applied and are tasks now",
        {{"window", ack.window}, {"events", summary.rejections}, {"first", summary.first_rejection}});
  }
  if (!summary.refused_load.empty()) on_refused_load(summary);
  for (const auto& topic : summary.left_alone) {
    log::warn("the source does not track this table any more: its rows stay as they were",
              {{"topic", topic}});
  }
  ack.trouble = trouble();
  monitor_.window_committed(applier.commit_took(), summary.rejections, ack.trouble);
  log::debug("window applied", {{"window", ack.window}, {"cursor", ack.snapshot.to_string()}});
  report.window_committed(std::move(ack));
  so_far_.beginnings.say_what_is_over();
  so_far_.refused_events.say_what_is_over();
  so_far_.turns_lost = 0;
  ports_.committed();
  so_far_.has_committed = true;
  end_if_caught_up();
}

// What does not go on although windows do.
std::string Conversation::trouble() {
  auto text = so_far_.paused_loads.trouble(Clock::now());
  auto paused = replica_.paused_tables();
  for (const auto& sentence : paused) {
    if (!text.empty()) text += "; ";
    text += sentence;
  }
  if (paused != so_far_.paused_tables) {
    for (const auto& sentence : paused) log::warn("a table waits for an operator", {{"reason", sentence}});
    if (paused.empty()) log::info("no table is paused any more");
    so_far_.paused_tables = std::move(paused);
  }
  return text;
}

void Conversation::on_refused_load(const Replica::Summary& summary) {
  if (options_.until_caught_up) throw Fatal(summary.refused_load_reason);
  if (so_far_.paused_loads.pause(summary.refused_load, summary.refused_load_reason, Clock::now())) {
    log::warn("a load waits, trying again every " + std::to_string(PausedLoads::interval.count()) + " s",
              {{"reason", summary.refused_load_reason}});
  }
}

// The first window of a session ends at a snapshot taken after our Hello: it holds whatever was committed
// before. What it rejected is safe when PostgreSQL has it.
void Conversation::end_if_caught_up() {
  if (!options_.until_caught_up || !so_far_.has_committed) return;
  so_far_.caught_up = replica_.unfinished_loads().empty() && replica_.unconfirmed(0).rejections.empty();
}

void Conversation::refused(const Refusal& refusal) {
  if (is_temporary(refusal.code)) throw RefusedForNow(refusal.text);
  if (refusal.code == RefusalCode::Busy) {
    if (!so_far_.busy_since) so_far_.busy_since = Clock::now();
    if (Clock::now() - *so_far_.busy_since < busy_patience) throw RefusedForNow(refusal.text);
  }
  throw Refused("the producer refuses: " + refusal.text);
}

}  // namespace mailboat::consumer
