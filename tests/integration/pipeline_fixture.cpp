#include "tests/integration/pipeline_fixture.hpp"

#include <filesystem>
#include <signal.h>
#include <stdexcept>

#include "migrations/migrator.hpp"
#include "tests/integration/replica_difference.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {

using std::chrono::seconds;

Pipeline::Pipeline() : conninfo(shared_cluster().create_database()), connection(conninfo, "application") {
  migrations::migrate(connection);
}

void Pipeline::subscribe(const std::string& subscription, const std::string& start) {
  connection.query("SELECT outbox.subscribe($1, $2)", {subscription, start});
}

void Pipeline::start_producer(const std::vector<std::string>& options) {
  std::vector<std::string> argv{program("mailboat-producer"), "--postgres", conninfo, "--listen", endpoint()};
  argv.insert(argv.end(), options.begin(), options.end());
  producer = std::make_unique<Process>(std::move(argv));
  ASSERT_TRUE(producer->wait_for_output("is listening")) << producer->errors();
}

std::vector<std::string> Pipeline::consumer_command(const std::string& subscription) const {
  std::vector<std::string> command{program("mailboat-consumer"),
                                   "--producer",
                                   endpoint(),
                                   "--subscription",
                                   subscription,
                                   "--database",
                                   file(subscription)};
  command.insert(command.end(), consumer_options.begin(), consumer_options.end());
  return command;
}

void Pipeline::start_consumer(const std::string& subscription) {
  consumer = std::make_unique<Process>(consumer_command(subscription));
  ASSERT_TRUE(consumer->wait_for_output("following")) << said();
}

void Pipeline::stop(std::unique_ptr<Process>& program) {
  program->kill(SIGTERM);
  EXPECT_EQ(program->wait(seconds(30)), 0) << said();
  program.reset();
}

void Pipeline::catch_up(const std::string& subscription) {
  auto command = consumer_command(subscription);
  command.emplace_back("--until-caught-up");
  Process process(std::move(command));
  const auto code = process.wait(seconds(120));
  ASSERT_TRUE(code.has_value()) << "never caught up: " << process.errors() << said();
  ASSERT_EQ(*code, 0) << process.errors() << said();
}

std::string Pipeline::endpoint() const { return "ipc://" + (directory_.path() / "feed").string(); }

std::string Pipeline::file(const std::string& subscription) const {
  return directory_.path() / (subscription + ".db");
}

SqliteReader Pipeline::replica(const std::string& subscription) const {
  return SqliteReader(file(subscription));
}

bool Pipeline::replica_has(const std::string& count_query, std::int64_t expected,
                           const std::string& subscription) const {
  if (!std::filesystem::exists(file(subscription))) return false;
  try {
    return replica(subscription).number(count_query) == expected;
  } catch (const std::exception&) {  // the table has not come yet
    return false;
  }
}

void Pipeline::expect_equal(const std::string& table, const std::string& replica_table,
                            const std::string& subscription) {
  ASSERT_TRUE(std::filesystem::exists(file(subscription))) << said();
  EXPECT_EQ(replica_difference(connection, replica(subscription), table, replica_table), "")
      << "table " << table << '\n'
      << said();
}

void Pipeline::expect_equal_soon(const std::string& table, const std::string& replica_table,
                                 std::chrono::milliseconds timeout) {
  std::string difference = "no SQLite file";
  const auto equal = [&] {
    if (!consumer->running()) return true;
    try {
      difference = replica_difference(connection, replica(), table, replica_table);
    } catch (const std::exception& error) {  // a column or the file has not come yet
      difference = error.what();
    }
    return difference.empty();
  };
  eventually(equal, timeout);
  EXPECT_EQ(difference, "") << "table " << table << '\n' << said();
}

std::string Pipeline::said() const {
  std::string text;
  if (producer) text += "producer:\n" + producer->errors();
  if (consumer) text += "consumer:\n" + consumer->errors();
  return text;
}

}  // namespace mailboat::test
