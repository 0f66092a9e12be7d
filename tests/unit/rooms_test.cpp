#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

// Reads the include lines of the source tree: docs/architecture.md says what each room may know.

namespace mailboat {
namespace {

namespace fs = std::filesystem;

/// Which rooms a room's files may include from. `proto` stands for the generated code.
const std::map<std::string, std::set<std::string>> may_include = {
    {"common", {"common", "proto"}},
    {"postgres", {"common", "postgres"}},
    {"migrations", {"common", "postgres", "migrations"}},
    {"producer", {"common", "postgres", "migrations", "producer"}},
    {"consumer", {"common", "consumer"}},
    {"cli", {"common", "postgres", "migrations", "producer", "consumer", "cli"}},
    {"demo", {"common", "postgres", "migrations", "tests", "demo"}},
    {"bench", {"common", "postgres", "migrations", "producer", "consumer", "tests", "bench"}},
    {"tests",
     {"common", "postgres", "migrations", "producer", "consumer", "cli", "proto", "demo", "bench", "tests"}},
};

/// One vendor, one room: what an include begins with, and the beginnings of the paths where it may stand.
const std::map<std::string, std::vector<std::string>> vendors = {
    {"zmq", {"common/channel_zmq.cpp", "common/curve_key.cpp", "common/zmq_", "tests/"}},
    {"proto/", {"common/codec.cpp", "tests/"}},
    {"google/protobuf", {"common/codec.cpp", "tests/"}},
    {"spdlog", {"common/log.cpp"}},
    {"prometheus/", {"common/metrics.cpp"}},
    {"CLI/", {"common/command_line"}},
    {"toml++", {"common/config_file.cpp"}},
    {"pqxx", {"postgres/"}},
    {"libpq", {"postgres/"}},
    {"SQLiteCpp", {"consumer/", "bench/", "tests/"}},
    {"sqlite3.h", {"consumer/", "bench/", "tests/"}},
    {"simdjson", {"consumer/", "tests/"}},
    {"systemd/", {"common/service_manager.cpp"}},
    {"benchmark/", {"bench/"}},
    {"gtest", {"tests/"}},
    {"gmock", {"tests/"}},
};

struct Include {
  std::string file;  ///< relative to the source tree
  std::string what;
};

std::vector<Include> includes_of(const fs::path& file, const fs::path& root) {
  static const std::regex include_line(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
  std::vector<Include> result;
  std::ifstream stream(file);
  std::smatch match;
  for (std::string line; std::getline(stream, line);) {
    if (std::regex_search(line, match, include_line))
      result.push_back({file.lexically_relative(root), match[1]});
  }
  return result;
}

std::string room_of(const std::string& path) { return path.substr(0, path.find('/')); }

std::vector<Include> all_includes() {
  const fs::path root = MAILBOAT_SOURCE_DIR;
  std::vector<Include> result;
  for (const auto& [room, unused] : may_include) {
    for (const auto& entry : fs::recursive_directory_iterator(root / room)) {
      const auto extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".hpp") continue;
      const auto found = includes_of(entry.path(), root);
      result.insert(result.end(), found.begin(), found.end());
    }
  }
  return result;
}

bool begins_with_one_of(const std::string& text, const std::vector<std::string>& beginnings) {
  for (const auto& beginning : beginnings) {
    if (text.starts_with(beginning)) return true;
  }
  return false;
}

TEST(Rooms, AllHaveBeenRead) { EXPECT_GT(all_includes().size(), 100U); }

TEST(Rooms, IncludeOnlyInTheAgreedDirection) {
  for (const auto& [file, what] : all_includes()) {
    const auto other = room_of(what);
    const bool is_ours = may_include.contains(other) || other == "proto";
    if (!is_ours) continue;
    EXPECT_TRUE(may_include.at(room_of(file)).contains(other)) << file << " includes " << what;
  }
}

TEST(Rooms, KeepTheirVendorsToThemselves) {
  for (const auto& [file, what] : all_includes()) {
    for (const auto& [vendor, places] : vendors) {
      if (!what.starts_with(vendor)) continue;
      EXPECT_TRUE(begins_with_one_of(file, places)) << file << " includes " << what;
    }
  }
}

}  // namespace
}  // namespace mailboat
