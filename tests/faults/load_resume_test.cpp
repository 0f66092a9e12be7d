#include <gtest/gtest.h>
#include <random>
#include <thread>

#include "tests/faults/pipeline.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/seed.hpp"

namespace mailboat::test {
namespace {

constexpr int rows = 200'000;
constexpr int kills = 8;

/// Live changes all over the table: updates, deletes, rows that come back, new rows.
class Application {
 public:
  explicit Application(const Pipeline& pipeline)
      : pipeline_(pipeline), thread_([this](const std::stop_token& stop) { work(stop); }) {}

 private:
  void work(const std::stop_token& stop) {
    std::mt19937_64 random(seed());
    auto connection = pipeline_.connect();
    while (!stop.stop_requested()) {
      const postgres::Params id{std::to_string(random() % rows)};
      connection.query("UPDATE big SET note = note || '+' WHERE id = $1::int", id);
      connection.query("DELETE FROM big WHERE id = $1::int + 1", id);
      connection.query(
          "INSERT INTO big VALUES ($1::int + 2, 'again') ON CONFLICT (id) DO UPDATE SET note = 'over'", id);
    }
  }
  const Pipeline& pipeline_;
  std::jthread thread_;  // last: it uses everything above
};

class LoadResume : public ::testing::Test {
 protected:
  LoadResume() {
    pipeline_.sql(
        "CREATE TABLE big (id int PRIMARY KEY, note text); INSERT INTO big SELECT i, 'row number ' || i"
        " FROM generate_series(1, " +
        std::to_string(rows) +
        ") i; SELECT outbox.track('big');"
        "SELECT outbox.subscribe('replica')");
    pipeline_.start_producer();
  }

  std::int64_t number(const std::string& query) {
    return pipeline_.cursor().empty() ? 0 : pipeline_.replica().number(query);
  }
  std::int64_t chunks() { return number("SELECT coalesce(max(chunk), 0) FROM _mailboat_load_chunk"); }
  std::int64_t loaded() { return number("SELECT sum(rows) FROM _mailboat_load"); }
  bool finished() { return number("SELECT count(*) FROM _mailboat_load WHERE finished") == 1; }

  Pipeline pipeline_;
};

TEST_F(LoadResume, GoesOnWhereItWasWhenTheConsumerIsKilledAgainAndAgain) {
  std::mt19937_64 random(seed());
  const Application application(pipeline_);
  for (int kill = 0; kill < kills; ++kill) {
    const auto before = chunks();
    const auto more = static_cast<std::int64_t>(random() % 3) + 1;
    pipeline_.start_consumer();
    ASSERT_TRUE(eventually([&] { return chunks() >= before + more || finished(); }));
    const auto rows_seen = loaded();
    pipeline_.kill_consumer();
    ASSERT_GE(loaded(), rows_seen) << "the load began anew";
  }
  EXPECT_FALSE(finished()) << "the load was over before the last kill";
  pipeline_.start_consumer();
  ASSERT_TRUE(eventually([&] { return finished(); }, std::chrono::seconds(60)));
  EXPECT_GT(number("SELECT count(*) FROM big WHERE _version = -1"), 0) << "the first chunk was loaded twice";
}

TEST_F(LoadResume, EndsEqualAlthoughKilledWithLiveChangesFlowing) {
  std::mt19937_64 random(seed());
  {
    const Application application(pipeline_);
    for (int kill = 0; kill < kills; ++kill) {
      const auto cursor = pipeline_.cursor();
      pipeline_.start_consumer();
      const auto windows = random() % 20;  // a window may be killed while it is applied, too
      std::string last = cursor;
      std::uint64_t seen = 0;
      ASSERT_TRUE(eventually([&] {
        const auto now = pipeline_.cursor();
        if (now != last) ++seen;
        last = now;
        return seen >= windows;
      }));
      pipeline_.kill_consumer();
    }
    pipeline_.start_consumer();
    ASSERT_TRUE(eventually([&] { return finished(); }, std::chrono::seconds(60)));
  }
  EXPECT_EQ(pipeline_.lasting_difference("big", "id, note"), "");
}

}  // namespace
}  // namespace mailboat::test
