#pragma once

#include <filesystem>
#include <random>
#include <string>

namespace mailboat::test {

/// What somebody does by hand to the replica's table `item`. The damage is in the file, and so comes and goes
/// with copies of it. Waits for SQLite's write lock; throws SQLite::Exception when it does not get it.
class Damage {
 public:
  explicit Damage(std::filesystem::path file) : file_(std::move(file)) {}

  /// Mends it, and puts a new damage there: a constraint that some rows offend, or no table at all. Returns
  /// what it is, in words.
  std::string inflict(std::mt19937_64& random);
  /// Whatever the damage is, it is gone afterwards, and the rows that were there are there again.
  void mend();

 private:
  const std::filesystem::path file_;
};

}  // namespace mailboat::test
