#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "demo/lag.hpp"
#include "demo/scrobbles.hpp"
#include "postgres/connection.hpp"

namespace mailboat::demo {

/// What the application has done so far; committed work only, but for `rolled_back`.
struct Totals {
  std::int64_t inserted = 0;
  std::int64_t corrected = 0;
  std::int64_t deleted = 0;
  std::int64_t transactions = 0;
  std::int64_t rolled_back = 0;
};

/// Several connections that insert, correct and delete scrobbles in transactions of some rows. Each takes its
/// transaction id early and commits after a pause of its own, so transactions commit out of order; some roll
/// back. It knows nothing of mailboat.
class Application {
 public:
  /// Starts. `scrobbles` must outlive it; `existing` rows are in the table.
  Application(const std::string& conninfo, const Scrobbles& scrobbles, std::int64_t connections,
              std::int64_t existing);
  /// Ends every connection's current transaction and returns when all have stopped.
  void stop();

  /// The commits since the last call. Throws what a connection failed with.
  std::vector<Commit> take_commits();
  [[nodiscard]] Totals totals() const;

 private:
  void write(const std::stop_token& stop, const std::string& conninfo, std::int64_t number);
  void run_transaction(const std::stop_token& stop, postgres::Connection& connection,
                       std::mt19937_64& random);
  Totals change_rows(postgres::Transaction& transaction, std::mt19937_64& random);
  void record(const Totals& changes, TransactionId transaction);

  const Scrobbles& scrobbles_;
  std::atomic<std::int64_t> next_scrobble_;
  mutable std::mutex mutex_;  // for the next three
  std::vector<Commit> commits_;
  Totals totals_;
  std::exception_ptr failure_;
  std::vector<std::jthread> connections_;  // last: they use all the others
};

}  // namespace mailboat::demo
