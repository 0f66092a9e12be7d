// Routes of tracked tables while the source's tables and the routes themselves change.
#include <fstream>

#include "tests/integration/cli_fixture.hpp"
#include "tests/integration/pipeline_fixture.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

class TableRoutes : public Pipeline {
 protected:
  void SetUp() override {
    sql("CREATE TABLE users (id int PRIMARY KEY, email text); CREATE TABLE item (id int PRIMARY KEY);"
        "SELECT outbox.track('users'), outbox.track('item'); INSERT INTO users VALUES (1, "
        "'ada@example.org')");
    subscribe();
    start_producer();
  }

  void route(const std::string& domain) {
    const auto path = file() + ".toml";
    std::ofstream(path)
        << "[[route]]\ntopic = 'public.users'\ntable = 'people'\ncreate = true\n[route.columns]\n"
           "id = ':id'\ndomain = \""
        << domain << "\"\n[[route]]\ntopic = 'public.users'\nname = 'log'\ntable = 'log'\ncreate = "
        << "true\nmode = 'append'\n[route.columns]\nid = ':id'\nwhole = ':_payload'\n";
    consumer_options = {"--config", path};
  }
  std::string people() {
    return replica().text(
        "SELECT coalesce(group_concat(id || '=' || domain, ' '), '') FROM people ORDER BY id");
  }
  Said mailboat(std::vector<std::string> arguments) { return test::mailboat(conninfo, std::move(arguments)); }
  std::string status() { return mailboat({"status"}).out; }
};

const std::string domain_of_email = "substr(:email, instr(:email, '@') + 1)";
const std::string domain_of_mail = "substr(:mail, instr(:mail, '@') + 1)";

TEST_F(TableRoutes, ARenamedColumnPausesItsTableAloneUntilTheRouteIsCorrected) {
  route(domain_of_email);
  catch_up();
  start_consumer();
  sql("ALTER TABLE users RENAME COLUMN email TO mail; INSERT INTO users VALUES (2, 'bob@mail.test');"
      "INSERT INTO item VALUES (7)");
  ASSERT_TRUE(eventually([&] { return replica_has("SELECT count(*) FROM item", 1); })) << said();
  EXPECT_EQ(people(), "1=example.org");
  EXPECT_EQ(replica().number("SELECT count(*) FROM log WHERE id = 2"), 1) << "the other route is not touched";
  const std::string reason = "columns.domain: public.users has no column 'email' (it has: id, mail)";
  EXPECT_TRUE(eventually([&] { return contains(status(), "table people (public.users) is paused: "); }))
      << status();
  EXPECT_TRUE(contains(status(), reason)) << status();
  EXPECT_TRUE(contains(consumer->errors(), reason)) << said();
  EXPECT_EQ(value("SELECT count(*) FROM outbox.task WHERE status IN ('retrying', 'failed')"), "0");
  const auto verified = mailboat({"verify", "replica", "--tables", "users"});
  EXPECT_EQ(verified.code, ExitCode::Failed);
  EXPECT_TRUE(contains(verified.out + verified.err, "it is paused")) << verified.out << verified.err;
  stop(consumer);

  route(domain_of_mail);
  catch_up();
  EXPECT_EQ(people(), "1=example.org 2=mail.test");
  start_consumer();
  EXPECT_TRUE(eventually([&] { return !contains(status(), "is paused"); })) << status();
  const auto again = mailboat({"verify", "replica"});
  EXPECT_EQ(again.code, ExitCode::Done) << again.out << again.err << said();
}

TEST_F(TableRoutes, WithoutAnEndAPausedTableIsAFailure) {
  route(domain_of_email);
  catch_up();
  sql("ALTER TABLE users DROP COLUMN email");
  auto command = consumer_command();
  command.emplace_back("--until-caught-up");
  const auto ended = run(std::move(command));
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_TRUE(contains(ended.errors, "everything has been read, but table people (public.users) is paused"))
      << ended.errors;
}

TEST_F(TableRoutes, AnotherExpressionIsComputedForEveryRow) {
  route(domain_of_email);
  catch_up();
  sql("INSERT INTO users SELECT n, 'user' || n || '@host' || n FROM generate_series(2, 3000) n");
  catch_up();
  route("upper(" + domain_of_email + ")");
  catch_up();
  EXPECT_EQ(replica().number("SELECT count(*) FROM people WHERE domain = 'HOST' || id"), 2999);
  EXPECT_EQ(replica().number("SELECT count(*) FROM log"), 2999)
      << "what has happened stays as it was written";
}

TEST_F(TableRoutes, AHistoryTellsWhenAndWhat) {
  route(domain_of_email);
  catch_up();
  sql("DELETE FROM users");
  catch_up();
  const auto rows = replica().rows("SELECT _op, id, whole, _time, _event_id FROM log");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0][0], "D");
  EXPECT_EQ(rows[0][1], "1");
  const auto event = connection.query(
      "SELECT payload::text, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), id::text"
      " FROM outbox.event WHERE op = 'D'");
  EXPECT_EQ(rows[0][2], event.text(0, 0));
  EXPECT_TRUE(rows[0][3].value_or("").starts_with(event.text(0, 1))) << rows[0][3].value_or("");
  EXPECT_EQ(rows[0][4], event.text(0, 2));
}

}  // namespace
}  // namespace mailboat::test
