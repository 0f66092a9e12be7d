#include <algorithm>
#include <csignal>
#include <gtest/gtest.h>

#include "migrations/migrator.hpp"
#include "postgres/connection.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/process.hpp"
#include "tests/support/pseudo_terminal.hpp"

namespace mailboat::test {
namespace {

using std::chrono::seconds;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The length of the longest line in characters.
std::size_t width_of(const std::string& screen) {
  std::size_t longest = 0;
  std::size_t width = 0;
  for (const char c : screen) {
    if (c == '\n') width = 0;
    if (c != '\n' && (static_cast<unsigned char>(c) & 0xC0) != 0x80) ++width;
    longest = std::max(longest, width);
  }
  return longest;
}

/// `mailboat status --watch` at a terminal, and a database with one subscription, `shop`.
class CliWatch : public ::testing::Test {
 protected:
  explicit CliWatch(Cluster& cluster = shared_cluster()) : conninfo_(cluster.create_database()) {
    postgres::Connection application(conninfo_, "application");
    migrations::migrate(application);
    application.query("CREATE TABLE item (id int PRIMARY KEY); SELECT outbox.track('item')");
    application.query("SELECT outbox.subscribe('shop', start => 'now')");
  }

  [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command{program("mailboat"), "--postgres", conninfo_, "status",
                                     "--watch",           "100ms"};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  void insert(int rows) const {
    postgres::Connection(conninfo_, "application")
        .query(
            "INSERT INTO item SELECT coalesce((SELECT max(id) FROM item), 0) + n FROM generate_series(1, "
            "$1::int) n",
            {std::to_string(rows)});
  }

  std::string conninfo_;
  std::vector<std::string> terminal_{"TERM=xterm", "LC_ALL=C.UTF-8", "NO_COLOR="};
};

TEST_F(CliWatch, ShowsThePageOnAScreenOfItsOwnAndGivesTheTerminalBack) {
  for (const int signal : {SIGINT, SIGTERM}) {
    PseudoTerminal terminal(command(), terminal_);
    ASSERT_TRUE(terminal.shows("shop")) << terminal.screen();
    EXPECT_FALSE(terminal.is_as_before());
    insert(1200);
    EXPECT_TRUE(terminal.shows(signal == SIGINT ? " 1,200 " : " 2,400 ")) << terminal.screen();
    EXPECT_TRUE(terminal.shows("█")) << terminal.screen();
    EXPECT_LE(width_of(terminal.screen()), 80);
    terminal.kill(signal);
    EXPECT_EQ(terminal.wait(seconds(30)), 0);
    EXPECT_TRUE(eventually([&] { return terminal.is_as_before(); })) << terminal.written();
  }
}

TEST_F(CliWatch, FillsItsLinesToTheLastColumn) {
  PseudoTerminal terminal(command(), terminal_);
  EXPECT_TRUE(terminal.shows(" UTC\n")) << terminal.screen();
}

TEST_F(CliWatch, IsWrittenOverWithoutBeingErasedFirst) {
  PseudoTerminal terminal(command(), terminal_);
  const auto pages = [&] {
    int count = 0;
    const auto written = terminal.written();
    for (auto at = written.find("\x1b[H"); at != std::string::npos; at = written.find("\x1b[H", at + 1))
      ++count;
    return count;
  };
  ASSERT_TRUE(eventually([&] { return pages() > 3; }));
  EXPECT_FALSE(contains(terminal.written(), "\x1b[2J"));
  EXPECT_FALSE(contains(terminal.written(), "\x1b[H\x1b[J"));
}

TEST_F(CliWatch, FollowsTheSizeOfTheScreen) {
  PseudoTerminal terminal(command(), terminal_, {.columns = 100, .rows = 30});
  ASSERT_TRUE(terminal.shows("EVENTS/S")) << terminal.screen();
  terminal.resize({.columns = 40, .rows = 8});
  ASSERT_TRUE(eventually([&] { return contains(terminal.screen(), "shop"); })) << terminal.screen();
  EXPECT_LE(width_of(terminal.screen()), 40);
  EXPECT_FALSE(contains(terminal.screen(), "EVENTS/S"));
  terminal.resize({.columns = 100, .rows = 30});
  EXPECT_TRUE(terminal.shows("EVENTS/S")) << terminal.screen();
}

TEST_F(CliWatch, FollowsTheSizeAtOnceAndNotAtTheNextLook) {
  auto rarely = command();
  rarely.back() = "1h";
  PseudoTerminal terminal(rarely, terminal_);
  ASSERT_TRUE(terminal.shows("EVENTS/S")) << terminal.screen();
  terminal.resize({.columns = 40, .rows = 24});
  EXPECT_TRUE(terminal.shows("shop")) << terminal.screen();
}

TEST_F(CliWatch, GivesTheTerminalBackWhileItIsSuspended) {
  PseudoTerminal terminal(command(), terminal_);
  ASSERT_TRUE(terminal.shows("shop"));
  terminal.kill(SIGTSTP);
  EXPECT_TRUE(eventually([&] { return terminal.is_as_before(); }));
  terminal.kill(SIGCONT);
  EXPECT_TRUE(terminal.shows("shop"));
  EXPECT_FALSE(terminal.is_as_before());
}

TEST_F(CliWatch, WritesNoColorsWhereNoneAreWantedAndOnlyAsciiWhereThereIsNothingElse) {
  insert(5);
  PseudoTerminal terminal(command(), {"TERM=xterm", "LC_ALL=C", "NO_COLOR=1"});
  ASSERT_TRUE(terminal.shows("#")) << terminal.screen();
  EXPECT_FALSE(contains(terminal.written(), "m\x1b") || contains(terminal.written(), "\x1b[1m"));
  for (const char c : terminal.written()) ASSERT_LT(static_cast<unsigned char>(c), 0x80);
  PseudoTerminal in_color(command(), terminal_);
  ASSERT_TRUE(in_color.shows("shop"));
  EXPECT_TRUE(contains(in_color.written(), "\x1b[1m"));
}

TEST_F(CliWatch, WritesOneStatusAfterTheOtherWhereThereIsNoScreen) {
  Process watch(command(), {.environment = terminal_});
  const auto blocks = [&] {
    int count = 0;
    const auto text = watch.output();
    for (auto at = text.find("NAME "); at != std::string::npos; at = text.find("NAME ", at + 1)) ++count;
    return count;
  };
  EXPECT_TRUE(eventually([&] { return blocks() > 2; })) << watch.output();
  EXPECT_FALSE(contains(watch.output(), "\x1b")) << watch.output();
  watch.kill(SIGTERM);
  EXPECT_EQ(watch.wait(seconds(30)), 0);
  PseudoTerminal dumb(command(), {"TERM=dumb"});
  EXPECT_TRUE(dumb.shows("shop"));
  EXPECT_FALSE(contains(dumb.written(), "\x1b"));
}

TEST_F(CliWatch, WithoutAScreenEndsOnceItIsNotAllowedToLook) {
  postgres::Connection administrator(conninfo_, "administrator");
  const auto role = "onlooker_" + std::string(administrator.query("SELECT current_database()").text(0, 0));
  administrator.query("CREATE ROLE " + role + " LOGIN IN ROLE outbox_producer");
  auto as_role = command();
  as_role[2] += " user=" + role;
  Process watch(as_role);
  ASSERT_TRUE(watch.wait_for_output("shop"));
  administrator.query("REVOKE outbox_producer FROM " + role);
  EXPECT_EQ(watch.wait(seconds(30)), 1) << watch.errors();
  EXPECT_TRUE(contains(watch.errors(), "permission denied")) << watch.errors();
  EXPECT_FALSE(contains(watch.errors(), "trying again")) << watch.errors();
  administrator.query("GRANT SELECT ON outbox.migration TO " + role);  // enough to connect
  EXPECT_EQ(run(as_role).exit_code, 1) << "there is nothing to begin with";
  administrator.query("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

TEST_F(CliWatch, AStatusThatCannotBeHadAtTheBeginningIsAnErrorAndTouchesNoScreen) {
  auto wrong = command();
  wrong[2] = "host=/nowhere";
  PseudoTerminal terminal(wrong, terminal_);
  EXPECT_EQ(terminal.wait(seconds(30)), 1);
  EXPECT_TRUE(terminal.shows("cannot connect to PostgreSQL"));
  EXPECT_FALSE(contains(terminal.written(), "\x1b"));
  auto too_often = command();
  too_often.back() = "1ms";
  EXPECT_EQ(run(too_often).exit_code, 2);
}

TEST_F(CliWatch, AsksPostgreSqlNothingBetweenTwoLooks) {
  auto rarely = command();
  rarely.back() = "1h";
  PseudoTerminal terminal(rarely, terminal_);
  ASSERT_TRUE(terminal.shows("shop"));
  postgres::Connection observer(conninfo_, "observer");
  const auto last_query = [&] {
    return std::string(observer
                           .query("SELECT max(query_start)::text || count(*) FROM pg_stat_activity"
                                  " WHERE application_name = 'mailboat' AND datname = current_database()")
                           .text(0, 0));
  };
  ASSERT_TRUE(eventually([&] { return last_query().ends_with("1"); }));
  const auto before = last_query();
  for (std::size_t columns = 60; columns < 70; ++columns) {
    terminal.resize({.columns = columns, .rows = 24});
    ASSERT_TRUE(terminal.shows("shop"));
  }
  EXPECT_EQ(last_query(), before);
}

struct OwnServer {
  Cluster cluster_;
};

class CliWatchOfAServer : protected OwnServer, public CliWatch {
 protected:
  CliWatchOfAServer() : CliWatch(cluster_) {}
};

TEST_F(CliWatchOfAServer, OutlivesPostgreSqlOnAScreenAndOutside) {
  PseudoTerminal terminal(command(), terminal_);
  Process plain(command({"--json"}));
  ASSERT_TRUE(terminal.shows("shop"));
  ASSERT_TRUE(plain.wait_for_output("shop"));
  cluster_.stop(Cluster::Stop::Immediate);
  EXPECT_TRUE(terminal.shows("no answer since ")) << terminal.screen();
  EXPECT_TRUE(terminal.shows("shop")) << "the last figures stay";
  EXPECT_TRUE(plain.wait_for_output("; trying again"));
  cluster_.start();
  EXPECT_TRUE(eventually([&] { return !contains(terminal.screen(), "no answer"); })) << terminal.screen();
  insert(77);
  EXPECT_TRUE(terminal.shows(" 77 ")) << terminal.screen();
  EXPECT_TRUE(plain.wait_for_output("\"lag_events\": 77"));
  terminal.kill(SIGINT);
  EXPECT_EQ(terminal.wait(seconds(30)), 0);
}

}  // namespace
}  // namespace mailboat::test
