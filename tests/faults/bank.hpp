#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "postgres/connection.hpp"
#include "tests/faults/pipeline.hpp"
#include "tests/support/process.hpp"

namespace mailboat::test {

/// Accounts in three tracked tables. Money moves between rows, rows move between tables; how much money and
/// how many accounts there are in all never changes.
namespace bank {

inline constexpr int accounts = 300;
inline constexpr int opening_balance = 1000;
inline constexpr std::int64_t total = std::int64_t{accounts} * opening_balance;

/// The tables, each captured in its own way, filled and tracked.
void open(const Pipeline& pipeline);

/// How the replica's tables differ from the source's in the end; empty when they do not.
std::string lasting_difference(const Pipeline& pipeline);

}  // namespace bank

/// An application with one connection: moves money in transactions of random length, with savepoints rolled
/// back to, whole transactions rolled back, and pauses that let others commit first. A server that goes away
/// is waited for. Works from the constructor to the destructor.
class Teller {
 public:
  struct Habits {
    bool waits_for_disk = true;  ///< synchronous_commit
  };
  Teller(std::string conninfo, std::uint64_t seed, Habits habits);

  [[nodiscard]] int commits() const { return commits_; }

 private:
  void work(const std::stop_token& stop);
  bool transact(postgres::Connection& connection);
  bool move_money(postgres::Transaction& transaction);
  bool change(postgres::Transaction& transaction, int account, int amount);
  bool move_account(postgres::Transaction& transaction);
  void err_and_return(postgres::Transaction& transaction);
  void stall(postgres::Transaction& transaction);
  int pick(int from, int to) { return std::uniform_int_distribution<>(from, to)(random_); }

  const std::string conninfo_;
  const Habits habits_;
  std::mt19937_64 random_;
  std::atomic<int> commits_ = 0;
  std::jthread thread_;  // last: it uses everything above
};

/// The process that reads the replica all the while (auditor_main.cpp), from the constructor to the
/// destructor.
class Auditor {
 public:
  explicit Auditor(const Pipeline& pipeline);

  /// Ends the process; the figures are final then.
  void finish();
  [[nodiscard]] int reads() const { return last_figure("reads "); }
  /// How many different states of the replica it has seen.
  [[nodiscard]] int states() const { return last_figure(" states "); }
  /// Sums that were wrong, in words.
  [[nodiscard]] std::vector<std::string> complaints() const;

 private:
  [[nodiscard]] int last_figure(std::string_view name) const;

  Process process_;
};

}  // namespace mailboat::test
