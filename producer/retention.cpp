#include "producer/retention.hpp"

#include <algorithm>
#include <limits>

#include "common/backoff.hpp"
#include "common/pause.hpp"
#include "common/repeated.hpp"
#include "producer/log_keeper.hpp"
#include "producer/source.hpp"
#include "producer/survey.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;

double in_bytes(ByteSize size) {
  return size.bytes == ByteSize::unlimited ? std::numeric_limits<double>::infinity()
                                           : static_cast<double>(size.bytes);
}

}  // namespace

Retention::Retention(std::string conninfo, RetentionLimits limits, Told told)
    : conninfo_(std::move(conninfo)),
      limits_(limits),
      told_(told),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Retention::run(const std::stop_token& stop) {
  told_.metrics.max_retained_bytes.with({}).set(in_bytes(limits_.max_retained));
  Backoff backoff({.first = milliseconds(500), .longest = milliseconds(30'000)});
  log::Repeated trouble;
  while (!stop.stop_requested()) {
    try {
      auto connection = connect_to_source(conninfo_, "mailboat-producer/retention");
      trouble.over("the log is being kept again");
      backoff.succeeded();
      tell({});
      keep(stop, connection);
    } catch (const std::exception& error) {
      trouble.say(log::Level::Warning, without_digits(error.what()), "cannot keep the log",
                  {{"error", error.what()}});
      tell(std::string("the source database cannot be used: ") + error.what());
      pause(stop, backoff.next());
    }
  }
}

void Retention::keep(const std::stop_token& stop, postgres::Connection& connection) {
  LogKeeper keeper(connection, limits_);
  Survey survey(connection, told_.metrics);
  while (!stop.stop_requested()) {
    auto next = keeper.step();
    if (told_.surveys) next = std::min(next, survey.step());
    pause(stop, next);
  }
}

void Retention::tell(const std::string& trouble) {
  told_.metrics.ready.with({}).set(trouble.empty() ? 1 : 0);
  told_.health.set("", trouble);
}

}  // namespace mailboat::producer
