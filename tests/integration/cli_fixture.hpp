#pragma once

#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <vector>

#include "cli/run.hpp"
#include "postgres/connection.hpp"
#include "tests/support/cluster.hpp"

namespace mailboat::test {

/// What one run of `mailboat` said and ended with.
struct Said {
  ExitCode code;
  std::string out;
  std::string err;
};

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Runs the command line in this process; `in` is what somebody types, null when nobody is there.
inline Said mailboat(const std::string& conninfo, std::vector<std::string> arguments,
                     std::istream* in = nullptr) {
  std::ostringstream out;
  std::ostringstream err;
  arguments.insert(arguments.begin(), {"--postgres", conninfo});
  const auto code = cli::run(arguments, {out, err, in}, Environment({}));
  return {code, out.str(), err.str()};
}

/// A database of its own for each test; a second connection plays the application.
class CliTest : public testing::Test {
 protected:
  Said mailboat(std::vector<std::string> arguments) { return test::mailboat(conninfo, std::move(arguments)); }

  /// Answers the program's question with `typed`.
  Said mailboat_asks(const std::string& typed, std::vector<std::string> arguments) {
    std::istringstream in(typed);
    return test::mailboat(conninfo, std::move(arguments), &in);
  }

  /// For steps that are not what the test is about.
  void done(std::vector<std::string> arguments) {
    const auto said = mailboat(std::move(arguments));
    ASSERT_EQ(said.code, ExitCode::Done) << said.err;
  }

  void expect_failed(std::vector<std::string> arguments, const std::string& part) {
    const auto said = mailboat(std::move(arguments));
    EXPECT_EQ(said.code, ExitCode::Failed);
    EXPECT_TRUE(contains(said.err, part)) << said.err;
    EXPECT_EQ(said.err.find('\n'), said.err.size() - 1) << "not one sentence: " << said.err;
    EXPECT_EQ(said.out, "");
  }

  void expect_usage(std::vector<std::string> arguments, const std::string& part) {
    const auto said = mailboat(std::move(arguments));
    EXPECT_EQ(said.code, ExitCode::Usage);
    EXPECT_TRUE(contains(said.err, part)) << said.err;
    EXPECT_EQ(said.out, "");
  }

  std::string conninfo = shared_cluster().create_database();
  postgres::Connection application{conninfo, "application"};
};

}  // namespace mailboat::test
