// The commands of the documents, typed in order as they stand there, with the real programs and a throw-away
// PostgreSQL. docs/recovery.md has a test of its own (tests/faults/recovery_recipe_test.cpp), docs/routes.md
// another one for its examples (route_manual_test.cpp).
#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <set>

#include "tests/integration/typist.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/process.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace mailboat::test {
namespace {

namespace fs = std::filesystem;

bool has_sqlite3() {
  try {
    return run({"sqlite3", "-version"}).exit_code == 0;
  } catch (const std::exception&) {
    return false;
  }
}

std::string source_of(const std::string& file) {
  std::ifstream stream(fs::path(MAILBOAT_SOURCE_DIR) / file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class Manual : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_sqlite3()) GTEST_SKIP() << "the program sqlite3 is not installed";
  }

  static Typist at(const std::string& document) {
    return {document, shared_cluster().create_database(), shared_cluster().programs()};
  }

  /// A shop whose replica follows: what most documents begin with.
  static Typist at_work(const std::string& document, const std::string& options = "",
                        const std::string& set_up = tables) {
    auto typist = at(document);
    typist.meanwhile(set_up);
    typist.meanwhile("mailboat subscribe shop " + options +
                     "\nstart_producer\nstart_consumer shop\nmailboat wait shop");
    return typist;
  }

  static constexpr auto tables = R"sh(mailboat migrate
tell <<'END'
CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, email text);
CREATE TABLE users (id bigint PRIMARY KEY, name text, city text, email text, is_test boolean NOT NULL DEFAULT false,
                    created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(10,2), note text);
CREATE TABLE items (id bigint PRIMARY KEY);
INSERT INTO customers (name) SELECT 'customer ' || n FROM generate_series(1, 1000) n;
INSERT INTO users (id, name) SELECT n, 'user ' || n FROM generate_series(1, 20) n;
INSERT INTO orders SELECT n, n, '' FROM generate_series(1, 25010) n;
END
mailboat track public.customers public.users public.orders public.items)sh";

  /// A customer whom the replica cannot have; $task is its task.
  static constexpr auto a_name_is_taken =
      R"sh(sqlite3 shop.db 'CREATE UNIQUE INDEX one_name ON customers (name)'
ask "INSERT INTO customers (name) SELECT name FROM customers ORDER BY id LIMIT 1"
eventually '[ "$(ask "SELECT count(*) FROM outbox.rejection")" = 1 ]'
task=$(ask 'SELECT event_id FROM outbox.rejection'))sh";
};

TEST_F(Manual, Readme) {
  auto reader = at("README.md");
  reader.let("./dev build release --target mailboat mailboat-producer mailboat-consumer", ": built already");
  reader.let("export PATH=\"$PWD/build/release/bin:$PATH\"", ": there already");
  reader.let("export MAILBOAT_POSTGRES='postgresql://postgres@127.0.0.1:5432/shop'", ": another one");
  reader.type("Your own database");
  reader.meanwhile(a_name_is_taken);
  reader.let("shop 42", "shop $task");
  reader.type("When an event cannot be applied");
  reader.meanwhile("sqlite3 shop.db 'DROP INDEX one_name'");
  reader.let("mailboat verify shop  ", "exits_with 1 mailboat verify shop  ");
  reader.type("Is the replica right?");
  EXPECT_EQ(reader.finish(), "");
}

TEST_F(Manual, Operations) {
  auto operator_ = at_work("docs/operations.md");
  operator_.let("NAME", "shop");
  operator_.type("First look");
  operator_.type("What a replica receives");
  operator_.meanwhile("mailboat configure shop --topics '*' --columns public.users='*'\nmailboat wait shop");

  operator_.meanwhile(
      "ask \"UPDATE orders SET note = 'again' WHERE id < 10\"\nmailboat wait shop\n"
      "done=$(ask \"SELECT outbox.request_verify('shop')\")\nmailboat operation $done\nstop $consumer\n"
      "asked=$(ask \"SELECT outbox.request_verify('shop')\")\nstart_consumer shop");
  operator_.let("--tables T", "--tables public.orders");
  operator_.let("--topic T", "--topic public.orders");
  operator_.let("operation ID", "operation $done");
  operator_.let("cancel ID", "cancel $asked || mailboat operation $asked");  // it may have been quicker
  operator_.type("Load again, verify, replay");

  operator_.let("FILE", "shop.db");
  operator_.let("COPY", "copy.db");
  operator_.let("SIBLING", "sibling");
  operator_.type("Copies and moves of the file");

  operator_.meanwhile(a_name_is_taken);
  operator_.let("--topic T", "--topic public.customers");
  operator_.let("NAME ID", "shop $task");
  operator_.type("An event cannot be applied");
  EXPECT_EQ(operator_.finish(), "");
}

TEST_F(Manual, Verify) {
  auto operator_ = at_work("docs/verify.md", "--topics public.customers,public.orders");
  operator_.type("Load");
  operator_.meanwhile(
      "sqlite3 shop.db \"DELETE FROM orders WHERE id = 4711; UPDATE orders SET total = 1, note = 'x' "
      "WHERE id = 4712\"");
  operator_.type("Verify");
  operator_.meanwhile(
      "ask \"UPDATE orders SET note = 'new' WHERE id BETWEEN 4000 AND 6500\"\nmailboat wait shop");
  operator_.type("Replay");
  EXPECT_EQ(operator_.finish(), "");
}

TEST_F(Manual, Replay) {
  auto operator_ = at_work("docs/replay.md");
  operator_.meanwhile(
      "ask \"UPDATE orders SET note = 'new' WHERE id < 2500; SELECT outbox.publish('sign_up', '{}')\"\n"
      "mailboat wait shop");
  operator_.type("Replay: send past events once more");
  EXPECT_EQ(operator_.finish(), "");
}

TEST_F(Manual, Selection) {
  auto operator_ = at("docs/selection.md");
  operator_.meanwhile(tables);
  operator_.type("What a replica receives");
  EXPECT_EQ(operator_.finish(), "");
}

TEST_F(Manual, WaitingLookingAtTheLogAndDroppedTables) {
  auto application = at_work("docs/read_your_writes.md", "", R"sh(mailboat migrate
ask 'CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id bigint, total numeric(10,2))'
mailboat track public.orders)sh");
  application.type("Read your writes");
  EXPECT_EQ(application.finish(), "");
  auto operator_ = at_work("docs/retention.md");
  operator_.type("To look at it");
  EXPECT_EQ(operator_.finish(), "");
  auto owner = at_work("docs/schema_changes.md");
  owner.meanwhile("ask 'DROP TABLE items'\nmailboat wait shop");
  owner.type("A table that is dropped");
  EXPECT_EQ(owner.finish(), "");
}

TEST_F(Manual, Routes) {
  auto team = at_work("docs/routes.md");
  team.type("Routes");
  EXPECT_EQ(team.finish(), "");
}

TEST_F(Manual, Tasks) {
  auto operator_ = at("docs/tasks.md");
  operator_.meanwhile(R"sh(mailboat migrate
ask 'CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, email text)'
mailboat track public.customers)sh");
  operator_.type("What is retried when");
  operator_.meanwhile(R"sh(mailboat configure shop --max-attempts 5 --retry-delay 1s
start_producer
start_consumer shop
ask "INSERT INTO customers (name) VALUES ('Ada'), ('Bob'), ('Eve')"
mailboat wait shop
sqlite3 shop.db 'ALTER TABLE customers DROP COLUMN email'
ask "INSERT INTO customers (name, email) VALUES ('Joe', 'joe@example.org')"
eventually '[ "$(ask "SELECT count(*) FROM outbox.rejection")" = 1 ]'
stop $consumer)sh");
  operator_.type("What you see");
  operator_.meanwhile("start_consumer shop");
  operator_.type("Mend, then retry");
  operator_.meanwhile("eventually '[ \"$(ask \"SELECT status FROM outbox.rejection\")\" = completed ]'");
  operator_.type("Rows that were lost by hand");
  EXPECT_EQ(operator_.finish(), "");
}

TEST_F(Manual, TasksThatAreCompensated) {
  auto owner = at("docs/tasks.md");
  owner.meanwhile("mailboat migrate");
  owner.let(
      "SELECT register('bob@example.com', 'gold');",
      "SELECT register('bob@example.com', 'gold');\nEND\n"
      "eventually '[ \"$(ask \"SELECT max(retry_count) FROM outbox.rejection\")\" = 1 ]'\ntell <<'END'");
  owner.let("$ mailboat failed show analytics 2",
            "$ eventually '[ \"$(ask \"SELECT status FROM outbox.rejection\")\" = failed ]' && mailboat "
            "failed show "
            "analytics 2");
  owner.type("A registration that is undone");
  owner.meanwhile("[ \"$(ask 'SELECT email FROM users')\" = ada@example.com ]");
  EXPECT_EQ(owner.finish(), "");
}

TEST_F(Manual, CopiesOfAFileWithTwoSources) {
  auto operator_ = at("docs/sources.md");
  const auto other = shared_cluster().create_database();
  operator_.let("EU", "\"$MAILBOAT_POSTGRES\"");
  operator_.let("US", "'" + other + "'");
  operator_.let("COPY", "copy.db");
  operator_.meanwhile(
      "shop() { mailboat migrate; ask 'CREATE TABLE orders (id bigint PRIMARY KEY)'; mailboat track "
      "public.orders\n"
      "mailboat subscribe shop; mailboat-producer --listen ipc://$PWD/$1 & }\n"
      "shop eu; MAILBOAT_POSTGRES='" +
      other + "' shop us");
  operator_.meanwhile(R"sh(unset MAILBOAT_PRODUCER
cat >sources.toml <<END
[[source]]
name = "eu"
producer = "ipc://$PWD/eu"
subscription = "shop"
prefix = "eu_"
[[source]]
name = "us"
producer = "ipc://$PWD/us"
subscription = "shop"
prefix = "us_"
END
mailboat-consumer --config sources.toml --database shops.db --until-caught-up
mailboat backup --database shops.db --to copy.db)sh");
  operator_.type("Copies");
  operator_.meanwhile(
      "sed -i s/shop/second/ sources.toml\nask 'INSERT INTO orders VALUES (7)'\n"
      "mailboat-consumer --config sources.toml --database copy.db --until-caught-up\n"
      "[ $(sqlite3 copy.db 'SELECT id FROM eu_orders') = 7 ]");
  EXPECT_EQ(operator_.finish(), "");
}

TEST_F(Manual, Security) {
  auto operator_ = at("docs/security.md");
  operator_.meanwhile(std::string(tables) + "\nmailboat subscribe shop");
  const auto port = std::to_string(free_port());
  operator_.let("tcp://*:5657", "tcp://*:" + port);
  operator_.let("tcp://192.0.2.1:5657", "tcp://127.0.0.1:" + port);
  operator_.let("allow.toml &", "allow.toml >>producer.log 2>&1 &");
  operator_.let("shop.db &", "shop.db >>consumer.log 2>&1 &");
  operator_.type("Two machines");
  operator_.meanwhile("mailboat wait shop\n[ $(sqlite3 shop.db 'SELECT count(*) FROM customers') = 1000 ]");
  EXPECT_EQ(operator_.finish(), "");
}

TEST_F(Manual, Configuration) {
  auto operator_ = at("docs/configuration.md");
  operator_.let("/etc/mailboat/producer.toml", "producer.toml");
  operator_.let("/etc/mailboat/consumer-shop.toml", "consumer.toml");
  operator_.meanwhile(R"sh(echo 'retention = "7d"' >producer.toml
echo 'subscription = "shop"' >consumer.toml
echo 'database = "shop.db"' >>consumer.toml)sh");
  operator_.type("Configuration");
  EXPECT_EQ(operator_.finish(), "");
}

TEST_F(Manual, Metrics) {
  if (run({"sh", "-c", "command -v curl"}).exit_code != 0) GTEST_SKIP() << "curl is not installed";
  auto reader = at("docs/metrics.md");
  reader.meanwhile(tables);
  reader.meanwhile(
      "mailboat subscribe shop\nstart_producer\nstart_consumer shop --metrics-listen 127.0.0.1:0\n"
      "mailboat wait shop\naddress=$(sed -n 's/.*metrics can be read address=//p' consumer.log)\n"
      "eventually 'curl --silent --fail http://$address/readyz'");
  reader.let("127.0.0.1:9658", "$address");
  reader.type("Metrics and health");
  EXPECT_EQ(reader.finish(), "");
}

TEST_F(Manual, GettingRidOfIt) {
  Cluster cluster;  // of its own: roles belong to the whole of it
  Typist owner("docs/faq.md", cluster.create_database(), cluster.programs());
  owner.meanwhile(tables);
  owner.type("How do I get rid of it?");
  owner.meanwhile(
      "ask \"INSERT INTO items VALUES (1)\"\n[ \"$(ask \"SELECT count(*) FROM pg_trigger WHERE NOT "
      "tgisinternal\") $(ask \"SELECT count(*) FROM pg_event_trigger\") $(ask \"SELECT count(*) FROM "
      "pg_roles WHERE rolname ~ 'outbox'\")\" = '0 0 0' ]");
  EXPECT_EQ(owner.finish(), "");
}

// `compose up` runs it each time.
TEST_F(Manual, SetUpOfTheContainersMayBeRepeated) {
  const auto compose = source_of("deploy/compose.yml");
  const auto begin = compose.find("      - |\n") + 10;
  auto set_up = compose.substr(begin, compose.find("\n\n", begin) - begin);
  for (auto at = set_up.find("$$"); at != std::string::npos; at = set_up.find("$$", at)) set_up.erase(at, 1);
  Cluster cluster;  // of its own: roles belong to the whole of it
  Typist containers("deploy/README.md", cluster.create_database(), cluster.programs());
  for (int time = 0; time < 2; ++time)
    containers.meanwhile("cat >set_up.sh <<'END'\n" + set_up + "\nEND\nsh -ec \"$(cat set_up.sh)\"");
  containers.meanwhile("[ \"$(ask 'SELECT count(*) FROM outbox.subscription')\" = 2 ]");
  containers.meanwhile("[ \"$(ask \"SELECT count(*) FROM pg_roles WHERE rolname = 'mailboat'\")\" = 1 ]");
  EXPECT_EQ(containers.finish(), "");
}

/// What no test types, and why.
const std::set<std::string> not_typed = {
    "README.md: Try it",  // ./dev: the demo, the suite, the bench and the soak themselves
    "CONTRIBUTING.md: Contributing to mailboat",  // ./dev
    "docs/benchmarks.md: Benchmarks",             // ./dev bench, for which bench_test stands
    "deploy/README.md: The package",              // for root: package_test installs it
    "deploy/README.md: Another Debian",           // an hour, as root
    "deploy/README.md: Step by step",             // likewise
    "docs/security.md: As services",              // likewise
};

std::vector<std::string> documents() {
  std::vector<std::string> found{"README.md", "CONTRIBUTING.md", "deploy/README.md"};
  for (const auto& entry : fs::directory_iterator(fs::path(MAILBOAT_SOURCE_DIR) / "docs")) {
    if (entry.path().extension() == ".md") found.push_back("docs/" + entry.path().filename().string());
  }
  return found;
}

// Commands that nobody has typed may be wrong.
TEST(ManualItself, HasNoCommandsThatNobodyTypes) {
  const auto typed = source_of("tests/integration/manual_test.cpp");
  for (const auto& document : documents()) {
    if (document == "docs/recovery.md") continue;  // recovery_recipe_test
    for (const auto& section : sections_of(fs::path(MAILBOAT_SOURCE_DIR) / document)) {
      const bool shows = std::any_of(section.blocks.begin(), section.blocks.end(), [](const auto& block) {
        return block.language == "sh" ||
               (block.language == "console" && block.text.find("mailboat") != std::string::npos);
      });
      if (!shows || not_typed.contains(document + ": " + section.title)) continue;
      EXPECT_NE(typed.find('"' + document + '"'), std::string::npos) << document;
      EXPECT_NE(typed.find(".type(\"" + section.title + "\")"), std::string::npos)
          << document << ": " << section.title;
    }
  }
}

}  // namespace
}  // namespace mailboat::test
