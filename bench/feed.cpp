#include "bench/feed.hpp"

#include <system_error>
#include <thread>

#include "common/error.hpp"
#include "migrations/migrator.hpp"

namespace mailboat::bench {
namespace {

constexpr auto application_name = "mailboat-bench";
// Often enough for what takes seconds, and seldom enough to take nothing of it.
constexpr auto look_interval = std::chrono::milliseconds(2);
constexpr int looks_per_check = 50;
constexpr auto stop_patience = std::chrono::minutes(2);

void require_running(const char* name, test::Process& process) {
  if (process.running()) return;
  constexpr std::size_t enough = 2000;
  auto said = process.output() + process.errors();
  if (said.size() > enough) said.erase(0, said.size() - enough);
  throw Error(std::string(name) + " has ended:\n" + said);
}

void stop(const char* name, test::Process& process) {
  process.kill(SIGTERM);
  if (!process.wait(stop_patience)) throw Error(std::string(name) + " does not end");
}

}  // namespace

test::Cluster::Options durable() { return {.fast = false}; }

void require_rows(const std::filesystem::path& database, const std::string& table, std::uint64_t rows) {
  const auto found = test::SqliteReader(database).number("SELECT count(*) FROM \"" + table + '"');
  if (static_cast<std::uint64_t>(found) == rows) return;
  throw Error(database.filename().string() + " has " + std::to_string(found) + " rows of " + table +
              " instead of " + std::to_string(rows) + ": the figures mean nothing");
}

void remove_database(const std::filesystem::path& database) {
  for (const auto* suffix : {"", "-wal", "-shm", "-lock"}) {
    std::error_code not_there;
    std::filesystem::remove(database.string() + suffix, not_there);
  }
}

Feed::Feed(test::Cluster& cluster)
    : conninfo_(cluster.create_database()), connection_(conninfo_, application_name) {
  migrations::migrate(connection_);
}

Feed::~Feed() = default;

void Feed::end_session() {
  const auto ended = connection_.query("SELECT pg_backend_pid()").int64(0, 0);
  connection_ = postgres::Connection(conninfo_, application_name);
  while (!connection_.query("SELECT FROM pg_stat_activity WHERE pid = $1::int", {std::to_string(ended)})
              .empty()) {
    std::this_thread::sleep_for(look_interval);
  }
}

void Feed::start_producer() {
  producer_ = std::make_unique<test::Process>(std::vector<std::string>{
      test::program("mailboat-producer"), "--postgres", conninfo_, "--listen", endpoint_});
}

void Feed::stop_producer() {
  stop("mailboat-producer", *producer_);
  producer_.reset();
}

std::unique_ptr<Follower> Feed::subscribe(const std::string& start) {
  const auto name = "replica_" + std::to_string(++followers_);
  connection_.query("SELECT outbox.subscribe($1, $2)", {name, start});
  return std::make_unique<Follower>(*this, name);
}

EventId Feed::last_event() {
  return connection_.query("SELECT id FROM outbox.event ORDER BY txid DESC, id DESC LIMIT 1").uint64(0, 0);
}

Follower::Follower(Feed& feed, std::string name)
    : feed_(feed), name_(std::move(name)), file_(feed.folder() / (name_ + ".db")) {}

Follower::~Follower() {
  consumer_.reset();
  remove_database(file_);
}

void Follower::start() {
  consumer_ = std::make_unique<test::Process>(
      std::vector<std::string>{test::program("mailboat-consumer"), "--producer", feed_.endpoint(),
                               "--subscription", name_, "--database", file_.string()});
}

void Follower::stop() {
  bench::stop("mailboat-consumer", *consumer_);
  consumer_.reset();
}

void Follower::wait_for(const std::string& query) {
  std::unique_ptr<test::SqliteReader> reader;
  for (int look = 0;; ++look) {
    if (look % looks_per_check == 0) {
      require_running("mailboat-producer", feed_.producer());
      require_running("mailboat-consumer", *consumer_);
    }
    if (!reader && std::filesystem::exists(file_)) {
      auto opened = std::make_unique<test::SqliteReader>(file_);
      if (opened->has_table("_mailboat_target")) reader = std::move(opened);
    }
    if (reader && reader->number(query) != 0) return;
    std::this_thread::sleep_for(look_interval);
  }
}

void Follower::wait_for(EventId event) {
  wait_for("SELECT coalesce(max(last_event_id), -1) >= " + std::to_string(event) + " FROM _mailboat_cursor");
}

void Follower::wait_for_loads(std::int64_t tables) {
  wait_for("SELECT coalesce(sum(finished), 0) >= " + std::to_string(tables) + " FROM _mailboat_load");
}

void Follower::make_cursor() {
  start();
  wait_for("SELECT count(*) FROM _mailboat_cursor");
  stop();
}

}  // namespace mailboat::bench
