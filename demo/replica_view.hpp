#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "common/snapshot.hpp"
#include "tests/support/sqlite_reader.hpp"

namespace mailboat::demo {

/// Looks into the SQLite file while the consumer writes it, as any other program may.
class ReplicaView {
 public:
  explicit ReplicaView(std::filesystem::path file) : file_(std::move(file)) {}

  /// Which source transactions a reader of the file sees now; covers nothing while there is no file.
  Snapshot position();
  /// How far the first load of the table has come.
  struct Load {
    std::int64_t rows = 0;
    bool finished = false;
  };
  Load load();
  test::SqliteReader& reader();

 private:
  bool ready();

  std::filesystem::path file_;
  std::unique_ptr<test::SqliteReader> reader_;
};

}  // namespace mailboat::demo
