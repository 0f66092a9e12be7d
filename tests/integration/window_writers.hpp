#pragma once

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "postgres/connection.hpp"

namespace mailboat::producer {

/// Threads that change the rows of `item` at random until finish(): each transaction takes its id early or
/// late, uses savepoints, stalls, and sometimes rolls back.
class Writers {
 public:
  Writers(const std::string& conninfo, int count);
  [[nodiscard]] int transactions() const { return transactions_; }
  void finish() { threads_.clear(); }

 private:
  std::atomic<int> transactions_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace mailboat::producer
