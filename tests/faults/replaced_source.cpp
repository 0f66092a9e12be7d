#include "tests/faults/replaced_source.hpp"

#include <algorithm>
#include <random>

#include "tests/support/eventually.hpp"
#include "tests/support/seed.hpp"

namespace mailboat::test {

using std::chrono::seconds;

Onlooker::Onlooker(const Pipeline& pipeline)
    : thread_([this, file = pipeline.file()](const std::stop_token& stop) { work(stop, file); }) {}

void Onlooker::work(const std::stop_token& stop, const std::filesystem::path& file) {
  const SqliteReader reader(file);
  while (!stop.stop_requested()) {
    fewest_ = std::min(fewest_.load(), reader.number("SELECT count(*) FROM item"));
    ++looks_;
  }
}

void Onlooker::look() const {
  const int before = looks_;
  EXPECT_TRUE(eventually([&] { return looks_ > before + 1; }));
}

Application::Application(const Pipeline& pipeline, int rows)
    : pipeline_(pipeline), rows_(rows), thread_([this](const std::stop_token& stop) { work(stop); }) {}

void Application::work(const std::stop_token& stop) {
  std::mt19937_64 random(seed());
  auto connection = pipeline_.connect();
  while (!stop.stop_requested()) {
    const postgres::Params id{std::to_string(random() % static_cast<unsigned>(rows_))};
    connection.query("UPDATE item SET note = note || '+' WHERE id = $1::int", id);
    connection.query("DELETE FROM item WHERE id = $1::int + 1", id);
    connection.query(
        "INSERT INTO item VALUES ($1::int + 2, 'again') ON CONFLICT (id) DO UPDATE SET note = 'over'", id);
  }
}

void ReplacedSource::know_both(const Cluster& standby) {
  pipeline_.reach_source_by("host=" + cluster_.socket_folder().string() + "," +
                            standby.socket_folder().string() +
                            " target_session_attrs=read-write user=postgres dbname=" + pipeline_.database());
}

void ReplacedSource::wait_until_replayed(const Cluster& standby) const {
  const auto written = pipeline_.value("SELECT pg_current_wal_lsn()");
  postgres::Connection there(standby.conninfo(), "test");
  ASSERT_TRUE(eventually(
      [&] { return there.query("SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn", {written}).boolean(0, 0); }));
}

void ReplacedSource::fail_over_to(Cluster& standby) {
  cluster_.stop(Cluster::Stop::Immediate);
  standby.start();
  standby.promote();
  pipeline_.move_source_to(standby);
  know_both(standby);
}

void ReplacedSource::expect_refused(const std::string& sentence) {
  const auto before = pipeline_.cursor();
  EXPECT_EQ(pipeline_.consumer().wait(seconds(30)), 1) << pipeline_.said();
  expect_said(pipeline_.consumer(), sentence);
  expect_said(pipeline_.consumer(), "mailboat load replica --reset-cursor");
  EXPECT_TRUE(pipeline_.producer().wait_for_output(sentence)) << pipeline_.said();
  EXPECT_EQ(pipeline_.cursor(), before);
  EXPECT_NE(pipeline_.status().find("away"), std::string::npos) << pipeline_.status();
  pipeline_.kill_consumer();
}

void ReplacedSource::require_load(bool reset_cursor) const {
  pipeline_.connect().query("SELECT outbox.require_load('replica', 'so it was decided', $1::boolean)",
                            {reset_cursor ? "true" : "false"});
  if (pipeline_.has_consumer()) return;  // it may be done before anybody looks
  const auto status = pipeline_.status();
  EXPECT_NE(status.find("needs_load"), std::string::npos) << status;
  EXPECT_NE(status.find("so it was decided"), std::string::npos) << status;
}

bool ReplacedSource::is_loading() const {
  return pipeline_.replica().number("SELECT count(*) FROM _mailboat_load WHERE NOT finished") > 0;
}

bool ReplacedSource::becomes_loaded() const {
  return eventually(
      [this] {
        return !is_loading() && pipeline_.value("SELECT state FROM outbox.subscription") == "active";
      },
      seconds(60));
}

std::int64_t ReplacedSource::chunks() const {
  return pipeline_.replica().number("SELECT coalesce(max(chunk), 0) FROM _mailboat_load_chunk");
}

void ReplacedSource::kill_both_during_the_load() {
  std::mt19937_64 random(seed());
  int kills_during_it = 0;
  for (int kill = 0; kill < 10; ++kill) {
    pipeline_.start_producer(quick);
    pipeline_.start_consumer(quick);
    auto last = pipeline_.cursor();
    for (auto windows = random() % 3; windows > 0; --windows) {
      ASSERT_TRUE(eventually([&] { return pipeline_.cursor() != last; })) << pipeline_.said();
      last = pipeline_.cursor();
    }
    if (is_loading()) ++kills_during_it;
    if (random() % 3 != 0) pipeline_.kill_producer();
    if (random() % 3 != 0) pipeline_.kill_consumer();
  }
  EXPECT_GE(kills_during_it, 2);
  pipeline_.start_producer(quick);
  pipeline_.start_consumer(quick);
}

}  // namespace mailboat::test
