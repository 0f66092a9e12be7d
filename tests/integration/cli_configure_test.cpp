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

}  // namespace
}  // namespace mailboat::test
