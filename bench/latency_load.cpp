#include "bench/latency_load.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <algorithm>
#include <atomic>
#include <future>
#include <limits>
#include <sys/prctl.h>
#include <thread>

#include "common/error.hpp"
#include "postgres/connection.hpp"

namespace mailboat::bench {
namespace {

using Clock = std::chrono::steady_clock;

// One connection commits some thousand times a second where fsync takes its time; several share one.
constexpr std::uint32_t rate_of_a_writer = 300;
constexpr auto look_interval = std::chrono::microseconds(200);
constexpr auto patience = std::chrono::seconds(60);

/// Of one writer's transactions: entry i of both belongs to row number first + i.
struct Transactions {
  std::int64_t first = 0;
  std::vector<Clock::time_point> committed;  ///< the writer's
  std::vector<Clock::time_point> seen;       ///< the reader's
};

/// The kernel lets others sleep 50 us longer than they ask.
void wake_in_time() { ::prctl(PR_SET_TIMERSLACK, 1UL); }

struct Schedule {
  Clock::time_point begin;
  Clock::duration interval;
  Clock::time_point end;
};

void write(const std::string& conninfo, std::size_t writer, const Schedule& schedule, Transactions& log) {
  wake_in_time();
  postgres::Connection connection(conninfo, "mailboat-bench");
  connection.query("PREPARE put(bigint) AS INSERT INTO public.play VALUES (" + std::to_string(writer) +
                   ", $1, 'Sinnerman', 'Nina Simone', 'Pastel Blues',"
                   " 'https://lastfm.freetls.fastly.net/i/u/300x300/8d5a2cd1e2b5f1a6.png',"
                   " 'https://www.last.fm/music/Nina+Simone/_/Sinnerman')");
  for (auto due = schedule.begin; due < schedule.end; due += schedule.interval) {
    std::this_thread::sleep_until(due);
    const auto number = log.first + static_cast<std::int64_t>(log.committed.size());
    connection.query("EXECUTE put(" + std::to_string(number) + ")");
    log.committed.push_back(Clock::now());
  }
}

/// One column for each writer: the highest number that is visible.
std::string highest_numbers(std::size_t writers) {
  std::string sql = "SELECT ";
  for (std::size_t writer = 0; writer < writers; ++writer) {
    sql += (writer == 0 ? "" : ", ") +
           ("coalesce((SELECT max(number) FROM play WHERE writer = " + std::to_string(writer) + "), -1)");
  }
  return sql;
}

/// Until it has seen as many as `expected` says.
void read(const std::string& replica, std::vector<Transactions>& logs,
          const std::atomic<std::size_t>& expected) {
  wake_in_time();
  const SQLite::Database database(replica, SQLite::OPEN_READONLY, 5000);
  SQLite::Statement highest(database, highest_numbers(logs.size()));
  std::size_t seen = 0;
  for (auto last_news = Clock::now(); seen < expected;) {
    highest.executeStep();
    const auto now = Clock::now();
    for (std::size_t writer = 0; writer < logs.size(); ++writer) {
      auto& log = logs[writer];
      const auto number = highest.getColumn(static_cast<int>(writer)).getInt64();
      for (; log.first + static_cast<std::int64_t>(log.seen.size()) <= number; ++seen) {
        log.seen.push_back(now);
        last_news = now;
      }
    }
    highest.reset();
    if (now - last_news > patience) throw Error("the replica does not follow any more");
    std::this_thread::sleep_for(look_interval);
  }
}

/// A reader may see a row before the application hears of its own commit: then nobody has waited.
std::vector<double> milliseconds_of(const std::vector<Transactions>& logs) {
  std::vector<double> all;
  for (const auto& log : logs) {
    for (std::size_t i = 0; i < log.committed.size(); ++i) {
      const std::chrono::duration<double, std::milli> took = log.seen[i] - log.committed[i];
      all.push_back(std::max(0.0, took.count()));
    }
  }
  return all;
}

}  // namespace

LatencyLoad::LatencyLoad(std::string conninfo, std::filesystem::path replica)
    : conninfo_(std::move(conninfo)), replica_(std::move(replica)) {}

LatencyLoad::Result LatencyLoad::run(std::uint32_t rate, std::chrono::seconds length) {
  const auto writers = std::clamp<std::size_t>(rate / rate_of_a_writer, 1, most_writers);
  std::vector<Transactions> logs(writers);
  for (std::size_t writer = 0; writer < writers; ++writer) logs[writer].first = next_[writer];
  std::atomic<std::size_t> expected = std::numeric_limits<std::size_t>::max();
  auto reading = std::async(std::launch::async, [&] { read(replica_, logs, expected); });

  const Clock::duration between = std::chrono::nanoseconds(1'000'000'000ULL / rate);
  const auto begin = Clock::now() + std::chrono::milliseconds(100);  // until all are connected
  std::vector<std::future<void>> writing;
  for (std::size_t writer = 0; writer < writers; ++writer) {
    const Schedule schedule{begin + between * static_cast<int>(writer), between * static_cast<int>(writers),
                            begin + length};
    writing.push_back(std::async(std::launch::async, [this, &logs, writer, schedule] {
      write(conninfo_, writer, schedule, logs[writer]);
    }));
  }
  for (auto& one : writing) one.get();
  const std::chrono::duration<double> took = Clock::now() - begin;

  std::size_t committed = 0;
  for (std::size_t writer = 0; writer < writers; ++writer) {
    committed += logs[writer].committed.size();
    next_[writer] += static_cast<std::int64_t>(logs[writer].committed.size());
  }
  expected = committed;
  reading.get();
  return {milliseconds_of(logs), static_cast<double>(committed) / took.count()};
}

}  // namespace mailboat::bench
