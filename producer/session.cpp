#include "producer/session.hpp"

#include "common/log.hpp"
#include "producer/resume_point.hpp"
#include "producer/retained_log.hpp"
#include "producer/session_metrics.hpp"
#include "producer/source.hpp"
#include "producer/subscription.hpp"
#include "producer/subscription_lock.hpp"
#include "producer/window_sender.hpp"

namespace mailboat::producer {
namespace {

// Where the session begins, in a log that keeps everything from there on. A replica whose position has left
// the log meanwhile (an older copy that was put back, for example) is loaded in place.
ResumePoint begin_in_log(postgres::Connection& connection, Subscription& subscription, const Hello& hello,
                         const SourceState& source, bool trust_failover) {
  const auto resume = resume_point(subscription, hello.cursor, source, trust_failover);
  hold_log(connection, subscription, resume.read_from);
  if (!resume.cursor || resume.loads_tables || !has_left_log(connection, resume.read_from)) return resume;
  require_load(connection, subscription);
  subscription = find_subscription(connection, hello.subscription);
  return resume_point(subscription, hello.cursor, source, trust_failover);
}

// A window's rows may stay unread for as long as its consumer is slow, which to PostgreSQL looks as if our
// machine were gone.
constexpr auto let_results_wait = "SET tcp_user_timeout = 0";

// What a replica says of its past counts for nothing in a new history.
Hello as_continued(Hello hello, const ResumePoint& resume) {
  if (resume.new_history) {
    hello.cursor.reset();
    hello.unfinished_loads.clear();
    hello.verification.reset();
  }
  return hello;
}

class Registration {
 public:
  Registration(CommitWatch& watch, Inbox& inbox) : watch_(watch), inbox_(inbox) { watch_.add(inbox_); }
  ~Registration() { watch_.remove(inbox_); }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

 private:
  CommitWatch& watch_;
  Inbox& inbox_;
};

}  // namespace

Session::Session(const ProducerOptions& options, Hello hello, Send send, CommitWatch& watch, Senders& senders,
                 SessionLog& session_log, ProducerMetrics& metrics)
    : options_(options),
      hello_(std::move(hello)),
      send_(std::move(send)),
      watch_(watch),
      senders_(senders),
      log_(session_log),
      metrics_(metrics),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Session::~Session() {
  thread_.request_stop();
  thread_.join();
}

void Session::refuse(RefusalCode code, const std::string& text) {
  metrics_.refusals.with({std::string(code_name(code))}).add();
  log_.refusals.say(log::Level::Warning, hello_.subscription + ' ' + without_digits(text), "session refused",
                    {{"subscription", hello_.subscription}, {"reason", text}});
  send_(Refusal{code, text});
}

void Session::run(const std::stop_token& stop) {
  try {
    if (hello_.trouble.empty()) {
      serve(stop);
      send_(Refusal{RefusalCode::ShuttingDown, "the producer is stopping"});
    } else {
      tell_trouble();
    }
  } catch (const SessionEnded& end) {
    log_.course.say(log::Level::Info, hello_.subscription + ' ' + without_digits(end.what()), "session ended",
                    {{"subscription", hello_.subscription}, {"reason", end.what()}});
    send_(Refusal{RefusalCode::ShuttingDown, end.what()});
  } catch (const SessionRefused& refusal) {
    refuse(refusal.code(), refusal.what());
  } catch (const Fatal& error) {
    refuse(RefusalCode::SourceUnsuitable, error.what());
  } catch (const std::exception& error) {
    refuse(RefusalCode::SourceUnavailable, error.what());
  }
  finished_ = true;
}

// Without the subscription's lock: another session may hold it, and has to go on.
void Session::tell_trouble() {
  auto connection = connect_to_source(options_.postgres, "mailboat-producer/" + hello_.subscription);
  const auto subscription = find_subscription(connection, hello_.subscription);
  const auto trouble = trouble_text(hello_.trouble);
  if (note_trouble(connection, subscription.id, trouble)) {
    log_.troubles.say(log::Level::Warning, hello_.subscription + ' ' + without_digits(trouble),
                      "a replica is in trouble",
                      {{"subscription", hello_.subscription}, {"reason", trouble}});
  }
  send_(Refusal{RefusalCode::TroubleNoted, "noted; mailboat status shows it"});
}

void Session::serve(const std::stop_token& stop) {
  if (hello_.protocol != protocol_version) {
    throw SessionRefused(RefusalCode::ProtocolMismatch,
                         "this producer speaks protocol " + std::to_string(protocol_version) +
                             ", the consumer protocol " + std::to_string(hello_.protocol) +
                             ": install the same version of mailboat on both sides");
  }
  auto connection = connect_to_source(options_.postgres, "mailboat-producer/" + hello_.subscription);
  connection.query(let_results_wait);
  lock_subscription(connection, find_subscription(connection, hello_.subscription), hello_.replica,
                    {.inbox = inbox_, .stop = stop, .send = send_});
  auto subscription = find_subscription(connection, hello_.subscription);  // as the one before left it
  const auto source = look_at_source(connection);
  const auto resume = begin_in_log(connection, subscription, hello_, source, options_.trust_failover);
  subscription.wants_times = hello_.wants_times;
  send_(Welcome{source.identity, options_.heartbeat, resume.new_history, resume.shared_events});
  log_.course.say(log::Level::Info, subscription.name, "session begins",
                  {{"subscription", subscription.name},
                   {"replica", hello_.replica},
                   {"cursor", resume.cursor ? resume.cursor->to_string() : "none"}});
  if (resume.cursor && resume.loads_tables) {
    log::warn("every table is loaded in place",
              {{"subscription", subscription.name}, {"reason", resume.why_reloaded}});
  }

  SessionMetrics counted(metrics_, subscription.name);
  const auto send = [this, &counted](const FromProducer& message) {
    send_(message);
    counted.sent(message);
  };
  WindowSender sender(connection, inbox_, subscription, resume, as_continued(hello_, resume),
                      {.snapshot_hold_max = options_.snapshot_hold_max}, senders_,
                      {.send = send, .found_events = [this] { watch_.found_events(); }});
  const Registration registration(watch_, inbox_);
  try {
    while (!stop.stop_requested()) sender.step(stop);
  } catch (const SessionEnded&) {
    sender.wind_up();
    throw;
  }
  sender.wind_up();
}

}  // namespace mailboat::producer
