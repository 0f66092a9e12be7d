#include <signal.h>

#include "producer/progress_writer.hpp"
#include "producer/subscription_status.hpp"
#include "tests/integration/cli_operation_fixture.hpp"
#include "tests/support/process.hpp"

namespace mailboat::test {
namespace {

class CliOperation : public CliOperations {
 protected:
  std::string status_json(const std::string& path) {
    return value("SELECT ($1::jsonb -> 'subscriptions' -> 0) #>> $2::text[]",
                 {mailboat({"status", "--json"}).out, path});
  }
};

TEST_F(CliOperation, ListsTheLastOnesTheNewestFirst) {
  EXPECT_TRUE(contains(mailboat({"operation"}).out, "nothing has been asked for yet"));
  done({"load", "shop"});
  done({"verify", "shop", "--no-wait", "--tables", "a"});
  table_verified("public.a", {.rows = 10, .missing = 1});
  const auto out = mailboat({"operation"}).out;
  EXPECT_TRUE(contains(out, "\n2   shop          verify  completed  ")) << out;
  EXPECT_TRUE(contains(out, "1 table, 10 rows, 1 difference\n1   shop          load    requested")) << out;
  EXPECT_EQ(value("SELECT $1::jsonb #>> '{operations,1,kind}'", {mailboat({"operation", "--json"}).out}),
            "load");
}

TEST_F(CliOperation, ShowsHowOneStandsWithoutWaiting) {
  done({"verify", "shop", "--no-wait"});
  table_stands("public.a", "running", 500, 1000);
  const auto said = mailboat({"operation", "1", "--no-wait"});
  EXPECT_EQ(said.code, ExitCode::Done);
  EXPECT_TRUE(contains(said.out, "public.a  running    500 ")) << said.out;
  EXPECT_TRUE(contains(said.out, "verification 1: public.a (1 of 2): 500 of about 1,000 rows (50 %)"))
      << said.out;
}

TEST_F(CliOperation, RefusesANumberThatIsNone) {
  expect_failed({"operation", "99"}, "there is no operation 99. mailboat operation lists the last ones");
  expect_usage({"operation", "seven"}, "'seven' is not the number of an operation");
  expect_failed({"cancel", "99"}, "there is no operation 99");
  expect_usage({"cancel"}, "ID");
}

TEST_F(CliOperation, CancelEndsWhatIsNotFinished) {
  done({"verify", "shop", "--no-wait"});
  EXPECT_EQ(mailboat({"cancel", "1"}).out, "verification 1 of subscription shop is cancelled\n");
  EXPECT_TRUE(contains(value("SELECT cancelled_by FROM outbox.operation"), " as "));
  expect_failed({"cancel", "1"}, "operation 1 is cancelled already");
}

TEST_F(CliOperation, CancelLeavesALoadAloneThatHasBegun) {
  done({"load", "shop"});
  table_stands("public.a", "running", 1);
  expect_failed({"cancel", "1"}, "load 1 has begun and cannot be cancelled");
}

TEST_F(CliOperation, StatusShowsWhatIsUnderWay) {
  done({"verify", "shop", "--no-wait"});
  done({"load", "shop"});
  table_stands("public.a", "running", 1);
  application.query("SELECT outbox.record_table('shop', 1, 'public.a', 'running', 1500, 6000)");
  const auto out = mailboat({"status"}).out;
  EXPECT_TRUE(contains(out,
                       "\nshop: verification 1: public.a (1 of 2): 1,500 of about 6,000 rows (25 %)\n"
                       "shop: load 2: public.a (1 of 2): 1 rows\n"))
      << out;
  EXPECT_EQ(status_json("{operations,0,kind}"), "verify");
  EXPECT_EQ(status_json("{operations,0,tables,0,rows}"), "1500");
}

TEST_F(CliOperation, StatusShowsWhenTablesWereVerified) {
  EXPECT_FALSE(contains(mailboat({"status"}).out, "verified"));
  EXPECT_EQ(status_json("{tables,0}"),
            R"({"topic": "public.a", "verified_at": null, "verified_through": null})");
  done({"verify", "shop", "--no-wait", "--tables", "a"});
  table_verified("public.a", {.rows = 10});
  application.query("UPDATE outbox.operation_table SET finished_at = now() - interval '3 h'");
  const auto out = mailboat({"status"}).out;
  EXPECT_TRUE(contains(out, "\nshop: verified 1 of 2 tables, oldest 3 h ago\n")) << out;
  EXPECT_EQ(status_json("{tables,0,verified_through}"), "100:100:");
  EXPECT_EQ(status_json("{tables,1,verified_at}"), "");
}

TEST_F(CliOperation, StatusShowsHowFastALoadIsAndWhenItEnds) {
  application.query("INSERT INTO a SELECT g FROM generate_series(1, 5000) g; ANALYZE a");
  const auto subscription = producer::find_subscription(producer, "shop");
  producer::LoadRequest request(producer, subscription);
  producer::ProgressWriter writer(subscription.id, "replica", request);
  std::uint64_t window = 0;
  producer::LoadProgress load{{"public.b", {}, 0}, 2000, {"public.a"}, 0};
  const auto status = [&] {
    return read_subscription_status(application).front().load.value_or(LoadStatus{});
  };
  ASSERT_TRUE(eventually([&] {
    load.position.rows += 10;
    load.rows_sent += 10;
    writer.sent({.number = ++window, .has_content = true, .load = load});
    Ack ack;
    ack.window = window;
    writer.acknowledged(ack);
    writer.write_rest(producer);
    return status().rows_per_second > 0;
  }));
  const auto now = status();
  ASSERT_TRUE(now.seconds_left.has_value());
  const auto left = 7000.0 - static_cast<double>(now.rows);
  EXPECT_NEAR(*now.seconds_left, left / now.rows_per_second, 1);
  const auto out = mailboat({"status"}).out;
  EXPECT_TRUE(contains(out, ", then 1 more: ") && contains(out, " rows/s, about ")) << out;
}

TEST_F(CliOperation, WatchShowsTheStatusAnewUntilItIsInterrupted) {
  Process watch({program("mailboat"), "--postgres", conninfo, "status", "--watch"});
  ASSERT_TRUE(watch.wait_for_output("shop "));
  done({"load", "shop"});
  EXPECT_TRUE(watch.wait_for_output("shop: load 1 begins soon"));
  watch.kill(SIGINT);
  EXPECT_EQ(watch.wait(std::chrono::seconds(30)), 0);
}

}  // namespace
}  // namespace mailboat::test
