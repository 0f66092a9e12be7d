#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>

#include "tests/faults/item_pipeline.hpp"

namespace mailboat::test {

/// A reader that looks again and again, as any user's program would.
class Onlooker {
 public:
  explicit Onlooker(const Pipeline& pipeline);
  /// The fewest rows of `item` that it has ever seen.
  [[nodiscard]] std::int64_t fewest_rows() const { return fewest_; }
  /// Waits until it has looked once more.
  void look() const;

 private:
  void work(const std::stop_token& stop, const std::filesystem::path& file);
  std::atomic<std::int64_t> fewest_ = INT64_MAX;
  std::atomic<int> looks_ = 0;
  std::jthread thread_;  // last: it uses everything above
};

/// Updates, deletes, rows that come back and new rows, one after the other, all over `item`.
class Application {
 public:
  Application(const Pipeline& pipeline, int rows);

 private:
  void work(const std::stop_token& stop);
  const Pipeline& pipeline_;
  const int rows_;
  std::jthread thread_;  // last: it uses everything above
};

struct OwnCluster {
  Cluster cluster_;
};

/// A source of its own that is replaced: by its standby, by its past, or by another one.
class ReplacedSource : protected OwnCluster, public ItemPipeline {
 protected:
  ReplacedSource() : ItemPipeline(cluster_) {}

  /// As an operator configures it: whichever of the two servers takes writes.
  void know_both(const Cluster& standby);
  void wait_until_replayed(const Cluster& standby) const;
  /// The primary is lost, and the standby, running or not, takes its place.
  void fail_over_to(Cluster& standby);

  /// The consumer has stopped with that sentence, and nothing has been touched.
  void expect_refused(const std::string& sentence);
  /// What `mailboat load` does with --reset-cursor, or without.
  void require_load(bool reset_cursor) const;
  /// All loads have ended, and the subscription needs none.
  [[nodiscard]] bool is_loading() const;
  [[nodiscard]] bool becomes_loaded() const;
  [[nodiscard]] std::int64_t chunks() const;
  /// Starts and kills producer, consumer or both, again and again, at any moment of a load that is to come or
  /// under way, of so many MiB. Leaves both running.
  void kill_both_during_the_load();
  static constexpr int load_of_many_windows = 40;

  static constexpr auto reloaded = "every table is loaded in place";
};

}  // namespace mailboat::test
