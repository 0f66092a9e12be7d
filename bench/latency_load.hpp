#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mailboat::bench {

/// Applications that commit at a steady rate, and a reader of the replica who notes when he sees what.
class LatencyLoad {
 public:
  /// Makes the table, and tracks it.
  static constexpr auto table =
      "CREATE TABLE public.play (writer int, number bigint, name text NOT NULL, artist text NOT NULL, album "
      "text,"
      " image text, url text, date timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (writer, number));"
      "SELECT outbox.track('public.play')";

  /// The replica must have the table already.
  LatencyLoad(std::string conninfo, std::filesystem::path replica);

  struct Result {
    std::vector<double> latencies;  ///< milliseconds
    double achieved = 0;            ///< transactions per second
  };
  /// Returns when the reader has seen everything. Throws Error when that takes too long.
  Result run(std::uint32_t rate, std::chrono::seconds length);

 private:
  static constexpr std::size_t most_writers = 16;

  const std::string conninfo_;
  const std::filesystem::path replica_;
  std::array<std::int64_t, most_writers> next_{};  // number of each writer's next row
};

}  // namespace mailboat::bench
