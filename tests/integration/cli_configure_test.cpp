#include "tests/integration/cli_fixture.hpp"

namespace mailboat::test {
namespace {

class CliConfigure : public CliTest {
 protected:
  void SetUp() override { done({"migrate"}); }

  std::string stored() {
    return std::string(application
                           .query("SELECT coalesce(string_agg(name || ' ' || max_attempts || ' ' || "
                                  "retry_delay || ' ' || retry_delay_max, "
                                  "'; '), '') FROM outbox.subscription")
                           .text(0, 0));
  }
};

TEST_F(CliConfigure, SubscribeTakesHowToRetry) {
  done({"subscribe", "shop", "--max-attempts", "8", "--retry-delay", "1500ms", "--retry-delay-max", "1d"});
  EXPECT_EQ(stored(), "shop 8 00:00:01.5 24:00:00");
}

TEST_F(CliConfigure, SubscribeWithAWrongValueMakesNothing) {
  expect_usage({"subscribe", "shop", "--max-attempts", "0"},
               "--max-attempts: 0 is not between 1 and 2147483647");
  expect_usage({"subscribe", "shop", "--max-attempts", "3000000000"}, "is not between 1 and");
  expect_usage({"subscribe", "shop", "--max-attempts", "five"}, "--max-attempts: expected a whole number");
  expect_usage({"subscribe", "shop", "--retry-delay", "0s"}, "--retry-delay has to be above zero");
  expect_usage({"subscribe", "shop", "--retry-delay", "1"}, "--retry-delay: not a duration: '1'");
  expect_usage({"subscribe", "shop", "--retry-delay", "1min", "--retry-delay-max", "59s"},
               "--retry-delay-max (59s) is shorter than --retry-delay (1min)");
  expect_failed({"subscribe", "shop", "--retry-delay", "10min"},
                "retries cannot wait from 00:10:00 up to 00:05:00");
  expect_failed({"subscribe", "shop", "--retry-delay-max", "100000d"}, "retries cannot wait");
  EXPECT_EQ(stored(), "");
}

TEST_F(CliConfigure, ChangesWhatIsGivenKeepsTheRestAndSaysWhatHoldsNow) {
  done({"subscribe", "shop"});
  auto said = mailboat({"configure", "shop", "--max-attempts", "9"});
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_EQ(said.out, "subscription shop: max-attempts 9, retry-delay 1s, retry-delay-max 5min\n");
  said = mailboat({"configure", "shop", "--retry-delay", "10s", "--retry-delay-max", "2h"});
  EXPECT_EQ(said.out, "subscription shop: max-attempts 9, retry-delay 10s, retry-delay-max 2h\n");
  EXPECT_EQ(stored(), "shop 9 00:00:10 02:00:00");
}

TEST_F(CliConfigure, RefusesWhatDoesNotFitAndLeavesAllAsItWas) {
  done({"subscribe", "shop"});
  const auto before = stored();
  expect_usage({"configure", "shop"}, "what is to change?");
  expect_usage({"configure"}, "NAME");
  expect_usage({"configure", "shop", "--max-attempts", "-1"}, "");
  expect_failed({"configure", "nope", "--max-attempts", "3"}, "there is no subscription \"nope\"");
  expect_failed({"configure", "shop", "--max-attempts", "3", "--retry-delay", "6min"},
                "retries cannot wait from 00:06:00 up to 00:05:00");
  EXPECT_EQ(stored(), before);
}

class CliSelection : public CliTest {
 protected:
  void SetUp() override {
    done({"migrate"});
    application.query(
        "CREATE TABLE users (id int PRIMARY KEY, name text, ssn text); CREATE TABLE orders (id int PRIMARY "
        "KEY)");
    done({"track", "users", "orders"});
  }
  std::string selection(const std::string& name = "shop") {
    return std::string(
        application
            .query("SELECT coalesce(topics::text, 'all') || ' ' || coalesce(columns::text, '-')"
                   " FROM outbox.subscription LEFT JOIN outbox.selection ON subscription = id"
                   " WHERE name = $1",
                   {name})
            .text(0, 0));
  }
};

TEST_F(CliSelection, SubscribeTakesTopicsAndColumns) {
  done({"subscribe", "shop", "--topics", "public.users,public.orders", "--columns", "public.users=id,name"});
  EXPECT_EQ(selection(), R"({public.users,public.orders} {"public.users": ["id", "name"]})");
}

TEST_F(CliSelection, SubscribeWithColumnsThatDoNotFitMakesNothing) {
  expect_failed({"subscribe", "shop", "--columns", "public.users=name"}, "key column \"id\"");
  expect_failed({"subscribe", "shop", "--columns", "public.users=id,nmae"}, "Its columns: id, name, ssn");
  expect_failed({"subscribe", "shop", "--topics", "public.orders", "--columns", "public.users=id"},
                "does not take topic public.users");
  EXPECT_EQ(application.query("SELECT count(*) FROM outbox.subscription").text(0, 0), "0");
}

TEST_F(CliSelection, ConfigureChangesWhatIsGivenAndSaysWhatHoldsNow) {
  done({"subscribe", "shop", "--columns", "public.users=id"});
  auto said = mailboat({"configure", "shop", "--columns", "public.users=id,name"});
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_EQ(said.out,
            "subscription shop: all topics; of public.users only id, name\n"
            "Loaded in place by its next session: public.users\n");
  said = mailboat({"configure", "shop", "--topics", "public.users"});
  EXPECT_EQ(said.out, "subscription shop: topics public.users; of public.users only id, name\n");
  said =
      mailboat({"configure", "shop", "--topics", "*", "--columns", "public.users=*", "--max-attempts", "9"});
  EXPECT_EQ(said.out,
            "subscription shop: all topics\n"
            "Loaded in place by its next session: public.orders, public.users\n"
            "subscription shop: max-attempts 9, retry-delay 1s, retry-delay-max 5min\n");
  EXPECT_EQ(selection(), "all {}");
}

TEST_F(CliSelection, SaysWhenNothingIsLoadedByItself) {
  done({"subscribe", "shop", "--start", "now", "--topics", "app"});
  const auto said = mailboat({"configure", "shop", "--topics", "*"});
  EXPECT_TRUE(
      contains(said.out, "For the rows of now: mailboat load shop --tables public.orders,public.users"))
      << said.out;
}

TEST_F(CliSelection, ATopicThatNoTableHasIsNotedAndTaken) {
  const auto said = mailboat({"subscribe", "shop", "--columns", "app=id,total"});
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_TRUE(contains(said.err, "no tracked table has the topic app")) << said.err;
  EXPECT_EQ(selection(), R"(all {"app": ["id", "total"]})");
}

TEST_F(CliSelection, RefusesWhatItCannotRead) {
  done({"subscribe", "shop"});
  for (const auto* text : {"public.users", "=id", "public.users="})
    expect_usage({"configure", "shop", "--columns", text}, "expected TOPIC=COLUMN,... or TOPIC=*");
  expect_usage({"configure", "shop", "--columns", "a=id", "--columns", "a=*"}, "a is there twice");
  expect_usage({"configure", "shop", "--topics", "*,app"}, "* means all topics");
  expect_failed({"configure", "nope", "--topics", "app"}, "there is no subscription \"nope\"");
  expect_failed({"configure", "shop", "--topics", "app", "--retry-delay", "6min"}, "retries cannot wait");
  EXPECT_EQ(selection(), "all -") << "nothing of a command that failed";
}

TEST_F(CliSelection, StatusShowsIt) {
  done({"subscribe", "shop", "--topics", "public.users,app", "--columns", "public.users=id,name"});
  const auto said = mailboat({"status"});
  EXPECT_TRUE(contains(said.out,
                       "shop: receives only public.users, app\n"
                       "shop: receives of public.users only id, name\n"))
      << said.out;
  EXPECT_TRUE(contains(mailboat({"status", "--json"}).out, R"("columns": {
        "public.users": [
          "id",
          "name"
        ]
      },)"));
}

}  // namespace
}  // namespace mailboat::test
