// mailboat routes: what a configuration file's routes would do, without a consumer.
#include <SQLiteCpp/SQLiteCpp.h>
#include <fstream>

#include "consumer/own_tables.hpp"
#include "consumer/target_book.hpp"
#include "tests/integration/cli_fixture.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::test {
namespace {

constexpr auto users_route = R"toml(
# a comment
[[route]]
topic = "public.users"
table = "people"
create = true
where = "NOT :is_test"
[route.columns]
user_id = ":id"
domain = "substr(:email, instr(:email, '@') + 1)"
since = "date(:created_at)"
)toml";

constexpr auto log_route = R"toml(
[[route]]
topic = "public.users"
name = "log"
table = "log"
create = true
mode = "append"
[route.columns]
what = ":_op || ' ' || :id"
)toml";

class CliRoutes : public CliTest {
 protected:
  CliRoutes() {
    done({"migrate"});
    application.query(
        "CREATE TABLE users (id int PRIMARY KEY, email text, created_at timestamptz, is_test bool DEFAULT "
        "false,"
        " photo bytea);"
        "SELECT outbox.track('users');"
        "INSERT INTO users VALUES (1, 'ada@example.org', '2024-02-29 23:30-01', false, '\\x00ff'),"
        " (2, 'test@example.org', now(), true, NULL), (3, NULL, NULL, false, NULL)");
  }

  void config(const std::string& text) { std::ofstream(file) << text; }
  void by_hand(const std::string& statements) {
    SQLite::Database(database, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec(statements);
  }

  Said routes(const std::string& command, std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"routes", command, "--config", file});
    return mailboat(std::move(options));
  }
  /// Without a source.
  Said check_alone(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"routes", "check", "--config", file});
    std::ostringstream out;
    std::ostringstream err;
    const auto code = cli::run(options, {out, err}, Environment({}));
    return {code, out.str(), err.str()};
  }
  static void expect_mistake(const Said& said, const std::string& beginning, const std::string& rest) {
    EXPECT_EQ(said.code, ExitCode::Usage) << said.out;
    EXPECT_TRUE(contains(said.err, "mailboat: " + beginning)) << said.err;
    EXPECT_TRUE(contains(said.err, rest)) << said.err;
    EXPECT_EQ(said.err.find('\n'), said.err.size() - 1) << "not one sentence: " << said.err;
  }

  const TempDir directory{"routes"};
  const std::string file = directory.path() / "consumer.toml";
  const std::string database = directory.path() / "shop.db";
};

TEST_F(CliRoutes, CheckPrintsTheSqlThatWillRun) {
  config(std::string(users_route) + log_route);
  const auto said = routes("check");
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  for (const auto& part : std::vector<std::string>{
           file + ", line 3: route 1: tracked table public.users into table people\n",
           file + ", line 13: route 2: tracked table public.users, each event into table log\n",
           R"(CREATE TABLE "people" ("user_id" INTEGER, "domain", "since")",
           R"(INSERT INTO "people" ("user_id", "domain", "since", "_version") SELECT )",
           R"(ON CONFLICT ("user_id") DO UPDATE SET)",
           R"(DELETE FROM "people" WHERE "user_id" = ? AND "_version" <= ?)",
           "delete it instead, unless:\n    SELECT (NOT :is_test) IS TRUE\n",
           R"(INSERT INTO "log" ("what", "_event_id", "_op", "_time"))",
           file + ": 2 routes, no mistake found\n"}) {
    EXPECT_TRUE(contains(said.out, part)) << part << "\nin\n" << said.out;
  }
}

TEST_F(CliRoutes, CheckAloneFindsWhatIsWrongInAnExpression) {
  config(std::string(users_route) + "odd = 'upcase(:email)'\n");
  expect_mistake(check_alone(), file + ", line 12: route 1 (public.users): columns.odd: 'upcase(:email)': ",
                 "SQLite says: no such function: upcase");
}

TEST_F(CliRoutes, CheckAloneSaysWhatItCouldNotCheck) {
  config(users_route);
  const auto said = check_alone();
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_TRUE(contains(said.out, "not checked: whether it is a tracked table")) << said.out;
  config("[[route]]\ntopic = 'sign_up'\ntable = 'x'\nkey = ['id']\n[route.columns]\nid = ':user'\n");
  EXPECT_TRUE(contains(check_alone().out, "not checked: whether the SQLite file has the table"));
  EXPECT_TRUE(contains(check_alone().out, "INSERT INTO \"x\" (\"id\", \"_version\") VALUES ((:user), "))
      << check_alone().out;
}

TEST_F(CliRoutes, CheckWithTheSourceFindsColumnsAndKeysThatItDoesNotHave) {
  config(std::string(users_route) + "odd = ':mail'\n");
  EXPECT_EQ(check_alone().code, ExitCode::Done);
  expect_mistake(routes("check"), file + ", line 12: route 1 (public.users): columns.odd: ",
                 "public.users has no column 'mail' (it has: id, email, created_at, is_test, photo)");
  config(
      "[[route]]\ntopic = 'public.users'\ntable = 'people'\ncreate = true\n[route.columns]\nmail = "
      "':email'\n");
  expect_mistake(routes("check"), file + ", line 1: route 1 (public.users): key: ", "':id' alone");
  config("[[route]]\ntopic = 'public.user'\ntable = 'people'\ncreate = true\n[route.columns]\nid = ':id'\n");
  expect_mistake(routes("check"), file + ", line 1: route 1 (public.user): key: is missing",
                 "No table with the topic public.user is tracked");
}

TEST_F(CliRoutes, CheckTellsOfEachTopicsMistake) {
  config(
      "[[route]]\ntopic = 'public.users'\ntable = 'a'\ncreate = true\n[route.columns]\nid = 'nothing'\n"
      "[[route]]\ntopic = 'sign_up'\ntable = 'b'\ncreate = true\nkey = ['id']\n[route.columns]\nid = "
      "'count(*)'\n");
  const auto said = routes("check");
  EXPECT_EQ(said.code, ExitCode::Usage);
  EXPECT_TRUE(contains(said.err, "line 6: route 1 (public.users): columns.id: 'nothing'")) << said.err;
  EXPECT_TRUE(contains(said.err, "line 13: route 2 (sign_up): columns.id: 'count(*)'")) << said.err;
}

TEST_F(CliRoutes, CheckWithTheFileFindsTablesThatDoNotFit) {
  config(
      "[[route]]\ntopic = 'public.users'\ntable = 'people'\n[route.columns]\nid = ':id'\nmail = ':email'\n");
  by_hand("CREATE TABLE other (id)");
  const auto check = [this] { return routes("check", {"--database", database}); };
  expect_mistake(check(),
                 file + ", line 3: route 1 (public.users): table: ", "there is no SQLite table 'people'");
  by_hand("CREATE TABLE people (id INTEGER PRIMARY KEY)");
  expect_mistake(check(), file + ", line 3: route 1 (public.users): table: ", "has no column 'mail'");
  by_hand(
      "ALTER TABLE people ADD COLUMN mail; ALTER TABLE people ADD COLUMN _version INTEGER NOT NULL DEFAULT "
      "0");
  const auto said = check();
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_FALSE(contains(said.out, "not checked") || contains(said.out, "make the table")) << said.out;
  EXPECT_EQ(SQLite::Database(database).execAndGet("SELECT count(*) FROM sqlite_master").getInt(), 2)
      << "the file is only read";
}

// A replica that has followed without routes has a table of the source's name, which mailboat alters as it
// likes.
TEST_F(CliRoutes, CheckTreatsWhatIsInTheFileAsAConsumerAtItsStartDoes) {
  by_hand("CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, _version INTEGER NOT NULL)");
  {
    SQLite::Database replica(database, SQLite::OPEN_READWRITE);
    consumer::create_own_tables(replica);
    consumer::TargetBook(replica, "").store({"public.users", "users", "", true, "", ""});
  }
  config("[[route]]\ntopic = 'public.users'\ntable = 'users'\n");
  const auto taken_over = routes("check", {"--database", database});
  EXPECT_EQ(taken_over.code, ExitCode::Done) << taken_over.err;
  config("[[route]]\ntopic = 'sign_up'\ntable = 'users'\nkey = ['id']\n[route.columns]\nid = ':id'\n");
  expect_mistake(routes("check", {"--database", database}), file + ", line 3: route 1 (sign_up): table: ",
                 "'users' holds the rows of tracked table public.users");
}

TEST_F(CliRoutes, CheckKnowsWhateverElseIsInTheFile) {
  by_hand(
      "CREATE VIRTUAL TABLE search USING fts5(words); CREATE TABLE rate (tax REAL); CREATE VIEW best AS "
      "SELECT * FROM "
      "rate;"
      "CREATE INDEX by_tax ON rate (tax)");
  config(
      "[[route]]\ntopic = 'public.users'\ntable = 'people'\ncreate = true\nallow_subqueries = "
      "true\n[route.columns]\n"
      "id = ':id'\ntax = '(SELECT max(tax) FROM best)'\nwords = '(SELECT count(*) FROM search)'\n");
  const auto said = routes("check", {"--database", database});
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
}

TEST_F(CliRoutes, CheckOfADefaultRouteCoversEveryTable) {
  config(
      "[[route]]\ntopic = '*'\ncreate = true\ntable = 'copy_of_{table}'\n[[route]]\ntopic = 'noise'\nskip = "
      "true\n");
  const auto said = routes("check");
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_TRUE(contains(said.out, "tracked table public.users into table copy_of_users\n")) << said.out;
  EXPECT_TRUE(contains(said.out, R"("created_at" = excluded."created_at")")) << said.out;
  EXPECT_TRUE(contains(said.out, "application's topic noise: skipped\n")) << said.out;
}

TEST_F(CliRoutes, OfSeveralSourcesAreCheckedForOneOfThem) {
  const auto source = [](const std::string& name) {
    return "[[source]]\nname = '" + name + "'\nproducer = 'ipc:///" + name +
           "'\nsubscription = 'shop'\nprefix = '" + name + "_'\n";
  };
  config(
      source("eu") + source("us") +
      "[[route]]\nsource = 'us'\ntopic = 'public.users'\ncreate = true\n"
      "[[route]]\nsource = 'eu'\ntopic = 'public.nothing'\ntable = 'x'\ncreate = true\n[route.columns]\nid = "
      "':id'\n");
  const auto us = routes("check", {"--source", "us"});
  EXPECT_EQ(us.code, ExitCode::Done) << us.err;
  EXPECT_TRUE(contains(us.out, "tracked table public.users into table us_users\n")) << us.out;
  expect_mistake(routes("check", {"--source", "eu"}),
                 file + ", line 15: route 2 (public.nothing): key: ", "is missing");
  expect_mistake(routes("check"), file + " has several sources: ", "--source (eu, us)");
  expect_mistake(routes("check", {"--source", "asia"}), file + ": there is no [[source]] 'asia'", "eu, us");
}

TEST_F(CliRoutes, WrongInputIsTold) {
  expect_usage({"routes", "check"}, "config is missing");
  expect_usage({"routes", "check", "--config", "nowhere.toml"}, "nowhere.toml");
  config("subscription = 'shop'\n");
  const auto none = routes("check");
  EXPECT_EQ(none.code, ExitCode::Usage);
  EXPECT_TRUE(contains(none.err, "there is no [[route]] in it")) << none.err;
  config(users_route);
  const auto missing = routes("check", {"--database", database});
  EXPECT_EQ(missing.code, ExitCode::Failed);
  EXPECT_TRUE(contains(missing.err, "cannot read SQLite file '" + database + "'")) << missing.err;
  std::ofstream(database) << "not a database at all, whatever its name says, and long enough to be one......";
  EXPECT_TRUE(contains(routes("check", {"--database", database}).err, "cannot read SQLite file"));
  EXPECT_TRUE(contains(routes("preview", {"--topic", "public.user"}).err, "(there are: public.users)"));
  EXPECT_TRUE(contains(routes("preview", {"--rows", "0"}).err, "from 1 to 1000"));
}

TEST_F(CliRoutes, PreviewShowsRowsAsTheyWouldBeWritten) {
  config(std::string(users_route) + "photo = ':photo'\n");
  const auto said = routes("preview");
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_EQ(said.out,
            "public.users into table people: 3 rows taken, 1 left out by the filter, 0 refused\n"
            "user_id  domain       since       photo\n"
            "integer  text         text        blob\n"
            "1        example.org  2024-03-01  x'00ff'\n"
            "3        NULL         NULL        NULL\n");
}

TEST_F(CliRoutes, PreviewTakesTheFirstRowsByKey) {
  config(users_route);
  const auto said = routes("preview", {"--rows", "1", "--topic", "public.users"});
  EXPECT_TRUE(contains(said.out, "1 row taken")) << said.out;
  EXPECT_TRUE(contains(said.out, "1        example.org  2024-03-01\n")) << said.out;
  EXPECT_FALSE(contains(said.out, "NULL")) << said.out;
}

TEST_F(CliRoutes, PreviewTellsWhatTheTargetsOwnTableWouldRefuse) {
  config(
      "[[route]]\ntopic = 'public.users'\ntable = 'people'\n[route.columns]\nid = ':id'\nmail = ':email'\n");
  by_hand(
      "CREATE TABLE people (id TEXT PRIMARY KEY, mail TEXT NOT NULL, note TEXT DEFAULT 'new', _version "
      "INTEGER NOT "
      "NULL);"
      "INSERT INTO people VALUES ('99', 'theirs', '', 0)");
  const auto said = routes("preview", {"--database", database});
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_EQ(said.out,
            "public.users into table people: 3 rows taken, 0 left out by the filter, 1 refused\n"
            "  row 3: SQLite says: NOT NULL constraint failed: people.mail\n"
            "id    mail              note\n"
            "text  text              text\n"
            "1     ada@example.org   new\n"
            "2     test@example.org  new\n");
}

TEST_F(CliRoutes, PreviewOfEventsShowsTheLastThatTheLogHolds) {
  config(std::string(log_route) +
         "[[route]]\ntopic = 'sign_up'\ntable = 'sign_ups'\ncreate = true\nkey = ['id']\n[route.columns]\nid "
         "= ':id'\n"
         "plan = ':plan'\n");
  application.query(
      "SELECT outbox.publish('sign_up', '{\"id\": 1, \"plan\": \"old\"}'),"
      " outbox.publish('sign_up', '{\"id\": 1, \"plan\": 7.5}'), outbox.publish('sign_up', '{\"id\": 2}')");
  application.query("DELETE FROM users WHERE id = 3");
  const auto said = routes("preview", {"--rows", "3"});
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_TRUE(contains(said.out, "public.users into table log: 3 rows taken")) << said.out;
  EXPECT_TRUE(contains(said.out, "D 3")) << said.out;
  EXPECT_FALSE(contains(said.out, "I 1")) << said.out;
  EXPECT_FALSE(contains(said.out, "1970-01-01")) << said.out;
  EXPECT_TRUE(contains(said.out,
                       "sign_up into table sign_ups: 3 rows taken, 0 left out by the filter, 0 refused\n"
                       "id       plan\n"
                       "integer  real\n"
                       "1        7.5\n"
                       "2        NULL\n"))
      << said.out;
}

TEST_F(CliRoutes, PreviewTellsScriptsTheSame) {
  config(std::string(users_route) + "photo = ':photo'\n");
  const auto said = routes("preview", {"--json"});
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  const auto rows = application.query(
      "SELECT concat_ws(' ', j #>> '{0,table}', j #>> '{0,left_out}', j #>> '{0,rows,0,user_id,value}',"
      " j #>> '{0,rows,0,user_id,class}', j #>> '{0,rows,0,photo,value}', j #>> '{0,rows,1,domain,class}')"
      " FROM (SELECT $1::jsonb AS j) x",
      {said.out});
  EXPECT_EQ(rows.text(0, 0), "people 1 1 integer 00ff null");
}

TEST_F(CliRoutes, PreviewNeedsRoutesWithoutAMistake) {
  config(std::string(users_route) + "odd = ':mail'\n");
  expect_mistake(routes("preview"),
                 file + ", line 12: route 1 (public.users): columns.odd: ", "no column 'mail'");
}

}  // namespace
}  // namespace mailboat::test
