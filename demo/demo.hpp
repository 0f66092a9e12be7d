#pragma once

#include <filesystem>
#include <stop_token>

#include "demo/display.hpp"
#include "demo/lag.hpp"
#include "demo/options.hpp"
#include "demo/pipeline.hpp"
#include "demo/replica_view.hpp"
#include "demo/scrobbles.hpp"
#include "demo/source.hpp"

namespace mailboat::demo {

/// The user pressed Ctrl-C.
class Interrupted : public std::exception {};

/// The story that the demo tells, one method a chapter. The destructor takes everything down but the SQLite
/// file.
class Demo {
 public:
  /// Brings up the source database. `replica` is where the SQLite file will be.
  Demo(const DemoOptions& options, std::filesystem::path replica, Display& display, std::stop_token stop);

  /// Tells it all. False when both sides differ at some point. Throws Interrupted, Error.
  bool run();

 private:
  void prepare_source();
  void install();
  void load();
  void change_live();
  bool compare_both_sides();
  void drain();
  void stay();

  void wait_for_replica(TransactionId marker);
  void check();
  Progress bar(const char* label, std::int64_t all);

  DemoOptions options_;
  std::filesystem::path file_;
  Display& display_;
  std::stop_token stop_;
  Scrobbles scrobbles_;
  Source source_;
  Pipeline pipeline_;  // after the source: ends before it
  ReplicaView replica_;
};

}  // namespace mailboat::demo
