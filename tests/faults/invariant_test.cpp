#include <algorithm>
#include <deque>
#include <gtest/gtest.h>
#include <numeric>

#include "tests/faults/bank.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/seed.hpp"

namespace mailboat::test {
namespace {

using std::chrono::seconds;

constexpr int kills_per_test = 18;
const Pipeline::Arguments quick_heartbeat{"--heartbeat", "200ms"};

Cluster::Options cluster_options() {
  Cluster::Options options;
  options.settings = {"deadlock_timeout=20ms", "wal_writer_delay=10s"};
  return options;
}

/// A pipeline under load whose parts are killed.
class Invariant : public ::testing::Test {
 protected:
  Invariant() {
    bank::open(pipeline_);
    pipeline_.sql("SELECT outbox.subscribe('replica')");
    pipeline_.start_producer(quick_heartbeat);
    pipeline_.start_consumer(quick_heartbeat);
  }

  void open_counters(const std::vector<Teller::Habits>& habits) {
    ASSERT_EQ(bank::lasting_difference(pipeline_), "") << what_they_said();
    auditor_.emplace(pipeline_);
    for (const auto& habit : habits) tellers_.emplace_back(pipeline_.conninfo(), random_(), habit);
  }

  int commits() const {
    return std::accumulate(tellers_.begin(), tellers_.end(), 0,
                           [](int sum, const Teller& teller) { return sum + teller.commits(); });
  }

  bool work_goes_on(int more_commits) {
    const auto enough = commits() + more_commits;
    return eventually([&] { return commits() >= enough; });
  }

  bool replica_moves_on() {
    const auto seen = auditor_->states();
    return eventually([&] { return auditor_->states() > seen; });
  }

  /// Kills a random choice of producer, consumer and PostgreSQL at once, and starts them again, sometimes
  /// only after the source has moved on. Returns how many.
  int kill_some() {
    const int victims = pick(1, 7);
    const bool producer = (victims & 1) != 0;
    const bool consumer = (victims & 2) != 0;
    const bool postgres = (victims & 4) != 0;
    if (postgres) cluster_.stop(Cluster::Stop::Immediate);
    if (producer) pipeline_.kill_producer();
    if (consumer) pipeline_.kill_consumer();
    if (postgres) cluster_.start();
    if (pick(0, 1) == 1) {
      EXPECT_TRUE(work_goes_on(pick(1, 50)));
    }
    if (producer) pipeline_.start_producer(quick_heartbeat);
    if (consumer) pipeline_.start_consumer(quick_heartbeat);
    return int{producer} + int{consumer} + int{postgres};
  }

  void survive_kills() {
    int kills = 0;
    while (kills < kills_per_test && !HasFailure()) {
      EXPECT_TRUE(work_goes_on(pick(1, 100)));
      if (pick(1, 4) > 1) {  // the other times it is hit while it still recovers
        EXPECT_TRUE(replica_moves_on()) << what_they_said();
      }
      kills += kill_some();
    }
  }

  void expect_all_is_well() {
    EXPECT_TRUE(replica_moves_on()) << what_they_said();
    tellers_.clear();
    EXPECT_EQ(bank::lasting_difference(pipeline_), "") << what_they_said();
    auditor_->finish();
    const auto complaints = auditor_->complaints();
    EXPECT_TRUE(complaints.empty()) << complaints.size() << " of " << auditor_->reads()
                                    << " reads were wrong; the first: " << complaints.front();
    RecordProperty("reads", auditor_->reads());
    RecordProperty("states", auditor_->states());
    EXPECT_GE(auditor_->states(), kills_per_test) << "too little was seen to prove anything";
  }

  std::string what_they_said() {
    return "consumer:\n" + pipeline_.consumer().errors() + "producer:\n" + pipeline_.producer().errors() +
           "PostgreSQL:\n" + cluster_.log();
  }

  int pick(int from, int to) { return std::uniform_int_distribution<>(from, to)(random_); }

  std::mt19937_64 random_{seed()};
  Cluster cluster_{cluster_options()};
  Pipeline pipeline_{cluster_};
  std::optional<Auditor> auditor_;
  std::deque<Teller> tellers_;
};

TEST_F(Invariant, HoldsInEveryReadWhileEverythingIsKilledAtRandom) {
  open_counters({{}, {}, {}, {}});
  survive_kills();
  expect_all_is_well();
}

TEST_F(Invariant, HoldsWhenACrashLosesCommitsThatDidNotWaitForTheDisk) {
  open_counters({{}, {.waits_for_disk = false}, {.waits_for_disk = false}, {.waits_for_disk = false}});
  survive_kills();
  expect_all_is_well();
}

}  // namespace
}  // namespace mailboat::test
