#include "tests/integration/cli_fixture.hpp"

namespace mailboat::test {
namespace {

class CliWait : public CliTest {
 protected:
  void SetUp() override {
    done({"migrate"});
    done({"subscribe", "shop"});
  }
};

TEST_F(CliWait, IsDoneWhenTheReplicaHasEverything) {
  application.query("UPDATE outbox.subscription SET snapshot = pg_current_snapshot(), acked_at = now()");
  const auto said = mailboat({"wait", "shop"});
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_EQ(said.out,
            "the replica of subscription shop has everything that was committed when this command began\n");
}

TEST_F(CliWait, FailsAfterTheTimeoutAndSaysWhatKeepsTheReplica) {
  expect_failed({"wait", "shop", "--timeout", "1ms"}, "after 1ms: no consumer is connected");
  application.query("UPDATE outbox.subscription SET acked_at = now(), trouble = 'its disk is full'");
  expect_failed({"wait", "shop", "--timeout", "0s"}, "its disk is full");
  application.query("UPDATE outbox.subscription SET trouble = NULL");
  application.query("SELECT pg_advisory_lock(1835162485, id) FROM outbox.subscription");  // as a session does
  application.query("SELECT outbox.publish('app', '{}')");
  expect_failed({"wait", "shop", "--timeout", "0s"}, "it is 1 event behind");
  application.query("UPDATE outbox.subscription SET load = '{\"topic\": \"public.item\"}'");
  expect_failed({"wait", "shop", "--timeout", "0s"}, "public.item is being loaded");
}

TEST_F(CliWait, RefusesWhatItCannotWaitFor) {
  expect_failed({"wait", "nope"}, "there is no subscription \"nope\"");
  expect_usage({"wait", "shop", "--timeout", "soon"}, "not a duration: 'soon'");
  expect_usage({"wait"}, "NAME");
}

}  // namespace
}  // namespace mailboat::test
