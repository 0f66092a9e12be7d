#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "tests/faults/bank.hpp"
#include "tests/faults/soak_damage.hpp"
#include "tests/faults/soak_shop.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace mailboat::test {

/// A random workload under random faults, for as long as one likes, and then the question whether everything
/// is as it must be. The same seed makes the same choices; when they strike is up to the machine.
class Soak {
 public:
  /// Says what it does, a line for each fault, to `out`.
  Soak(std::uint64_t seed, std::ostream& out);

  /// Inflicts faults, one after the other, until `enough` is true.
  using Enough = std::function<bool(int faults)>;
  void run(const Enough& enough);

  /// Ends workload and faults, mends everything, lets the replica come to rest. Prints what was done and
  /// returns what is wrong, in sentences; empty when nothing is.
  std::vector<std::string> verdict();

 private:
  struct Fault {
    std::string name;
    std::function<std::string()> inflict;  ///< returns what there is to add, in words
  };
  void declare_faults();
  void declare_network_faults();
  void declare_file_faults();

  void start_producer();
  void start_consumer();
  void begin_reading();
  void end_reading();
  [[nodiscard]] int commits() const;
  bool work_goes_on(int more_commits);
  bool replica_moves_on();
  void put_copy_back();
  std::string freeze(Process& process, Process& witness, const std::string& words);
  std::string stall(const std::function<void()>& how);
  void come_to_rest();
  void say(const std::string& text);
  int pick(int from, int to) { return std::uniform_int_distribution<>(from, to)(random_); }

  std::ostream& out_;
  const std::chrono::steady_clock::time_point begun_at_ = std::chrono::steady_clock::now();
  std::mt19937_64 random_;
  Cluster cluster_;
  Pipeline pipeline_{cluster_};
  const std::uint16_t port_ = free_port();
  TcpProxy proxy_{port_};
  std::filesystem::path config_;
  std::optional<std::filesystem::path> copy_;
  Damage damage_{pipeline_.file()};

  std::vector<Fault> faults_;
  std::map<std::string, int> inflicted_;
  std::vector<std::string> wrong_;
  int reads_ = 0;

  std::optional<Auditor> auditor_;
  std::deque<Teller> tellers_;
  std::deque<Clerk> clerks_;
};

}  // namespace mailboat::test
