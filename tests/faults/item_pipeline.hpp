#pragma once

#include <gtest/gtest.h>
#include <string>

#include "tests/faults/pipeline.hpp"
#include "tests/support/sanitized.hpp"

namespace mailboat::test {

/// A pipeline with one table, `item`, and short heartbeats: what most faults need to be seen, and to be over,
/// soon.
class ItemPipeline : public ::testing::Test {
 protected:
  explicit ItemPipeline(Cluster& cluster = shared_cluster());

  /// The thread sanitizer holds a process up for longer while it puts the first race into words, be it only
  /// to find that it is to be left out.
  static inline const Pipeline::Arguments quick{"--heartbeat", sanitized ? "500ms" : "100ms"};
  /// What a consumer says after five of them.
  static inline const std::string silence =
      std::string("it has been silent for ") + (sanitized ? "2500 ms" : "500 ms");
  static constexpr auto columns = "id, note";

  /// Starts what does not run yet, and returns when source and replica are equal. A test ends here, failed,
  /// when they do not become so.
  void follow();

  /// Adds rows after the highest, in one transaction.
  void insert(int rows = 1, const std::string& note = "a note") const;
  /// A window of so many frames, of about 1 MiB each, that differ from each other.
  void insert_large(int frames) const;
  /// Updates, deletes and inserts in one transaction.
  void change_everything() const;

  /// What somebody does to the SQLite file.
  void by_hand(const std::string& statements) const;

  [[nodiscard]] bool is_equal() const { return pipeline_.difference("item", columns).empty(); }
  /// Waits for it; says in the test's output what is wrong when it does not come.
  [[nodiscard]] bool becomes_equal() const;
  /// One more change arrives, and everything else is there as well.
  void expect_goes_on() const;
  /// Waits until the process has said it, and expects that it says it no more than so often.
  static void expect_said(Process& process, const std::string& words, int at_most = 1);

  Pipeline pipeline_;
};

}  // namespace mailboat::test
