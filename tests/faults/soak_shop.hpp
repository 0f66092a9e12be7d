#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "postgres/connection.hpp"
#include "tests/faults/pipeline.hpp"

namespace mailboat::test {

/// The part of the soak's workload that gets rejected: a tracked table `item`; events `order_placed` with a
/// route to a SQLite table whose constraint refuses every thirteenth order for ever, undone at the source
/// once; and events `note_taken` that nobody has a route for.
namespace shop {

/// Tables, capture, compensation and quick retries.
void open(const Pipeline& pipeline);
/// Makes the SQLite file with the route's table in it; returns the consumer's configuration file.
std::filesystem::path prepare_replica(const Pipeline& pipeline);

/// Tries again whatever failed only because the replica was damaged; true when nothing is left to try.
bool retry_what_can_succeed(const Pipeline& pipeline);
/// What does not add up, in sentences; empty when every event is accounted for exactly once.
std::vector<std::string> complaints(const Pipeline& pipeline);
/// Counts for the report.
std::string figures(const Pipeline& pipeline);

}  // namespace shop

/// An application with one connection that fills the shop, from the constructor to the destructor. Waits for
/// a server that is away.
class Clerk {
 public:
  Clerk(std::string conninfo, std::uint64_t seed);
  [[nodiscard]] int commits() const { return commits_; }

 private:
  void work(const std::stop_token& stop);
  bool transact(postgres::Connection& connection);
  int pick(int from, int to) { return std::uniform_int_distribution<>(from, to)(random_); }

  const std::string conninfo_;
  std::mt19937_64 random_;
  std::atomic<int> commits_ = 0;
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace mailboat::test
