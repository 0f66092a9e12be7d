#include <future>
#include <unistd.h>

#include "tests/integration/cli_task_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/process.hpp"

namespace mailboat::test {
namespace {

class CliFailedChange : public CliTasks {
 protected:
  /// Every task's id with its status, to see what a command has changed.
  std::string all() {
    return value(
        "SELECT coalesce(string_agg(event_id || ' ' || status, ', ' ORDER BY event_id), '') FROM "
        "outbox.rejection");
  }

  void expect_done(std::vector<std::string> arguments, const std::string& part) {
    const auto said = mailboat(std::move(arguments));
    EXPECT_EQ(said.code, ExitCode::Done) << said.err;
    EXPECT_TRUE(contains(said.out, part)) << said.out;
  }
};

TEST_F(CliFailedChange, RetryBeginsAnewAtOnce) {
  const auto id = failed();
  expect_done({"failed", "retry", "shop", id}, "1 task of subscription shop will be tried again at once");
  EXPECT_EQ(value("SELECT status || retry_count || (next_attempt_at <= now()) FROM outbox.rejection"),
            "retrying0true");
}

TEST_F(CliFailedChange, DiscardLeavesTheReplicaWithoutTheEventAndRetryTakesThatBack) {
  const auto id = failed();
  expect_done({"failed", "discard", "shop", id}, "1 task of subscription shop is discarded");
  EXPECT_EQ(status(id), "discarded");
  expect_done({"failed", "retry", "shop", "--all"}, "no task matches");
  EXPECT_EQ(status(id), "discarded") << "--all takes back what was decided";
  expect_done({"failed", "retry", "shop", id}, "1 task");
  EXPECT_EQ(status(id), "retrying");
  done({"failed", "discard", "shop", id});
  expect_done({"failed", "retry", "shop", "--status", "discarded"}, "1 task");
}

TEST_F(CliFailedChange, EveryFilterRestrictsWhatIsChanged) {
  const auto a = failed("a", "UNIQUE 100%");
  const auto b = failed("b", "CHECK");
  const auto c = rejected("c", "CHECK");
  made_older(c, "3 hours");
  const auto discards = [&](std::vector<std::string> filter, const Ids& ids) {
    filter.insert(filter.begin(), {"failed", "discard", "shop"});
    expect_done(filter, std::to_string(ids.size()) + (ids.size() == 1 ? " task of" : " tasks of"));
    EXPECT_EQ(listed({"failed", "list", "--status", "discarded"}), ids);
    done({"failed", "retry", "shop", "--status", "discarded"});
  };
  discards({"--topic", "b"}, {b});
  discards({"--error", "unique 100%"}, {a});
  discards({"--older-than", "1h"}, {c});
  discards({"--newer-than", "1h"}, {a, b});
  discards({a, c}, {a, c});
  discards({a, c, "--topic", "c"}, {c});
  discards({"--all"}, {a, b, c});
  discards({"--all", "--topic", "b"}, {b});
  for (int attempt = 0; attempt < 5; ++attempt) retry_ends(b, "rejected");
  discards({"--status", "failed"}, {b});
}

TEST_F(CliFailedChange, DryRunShowsAndChangesNothing) {
  const auto id = failed();
  const auto before = all();
  for (const auto* verb : {"retry", "discard"}) {
    const auto said = mailboat({"failed", verb, "shop", "--all", "--dry-run"});
    EXPECT_EQ(said.code, ExitCode::Done) << said.err;
    EXPECT_TRUE(contains(said.out, "\n" + id + " ")) << said.out;
    EXPECT_TRUE(contains(
        said.out, "would " + std::string(verb) + " 1 task of subscription shop; nothing has been changed"))
        << said.out;
  }
  EXPECT_EQ(all(), before);
  reject_many(200);
  EXPECT_TRUE(contains(mailboat({"failed", "discard", "shop", "--all", "--dry-run"}).out,
                       "and 101 more\nwould discard 201 tasks"));
}

TEST_F(CliFailedChange, MoreThanAHundredAreConfirmedByTheirCount) {
  reject_many(101);
  const std::vector<std::string> discard{"failed", "discard", "shop", "--all"};
  const auto discarded_now = [this] {
    return value("SELECT count(*) FROM outbox.rejection WHERE status = 'discarded'");
  };
  expect_failed(discard, "no terminal");
  for (const auto* answer : {"yes\n", "100\n", "\n", ""}) {
    const auto said = mailboat_asks(answer, discard);
    EXPECT_EQ(said.code, ExitCode::Failed);
    EXPECT_TRUE(contains(said.err, "Type 101 to go on")) << said.err;
    EXPECT_TRUE(contains(said.err, "nothing has been changed")) << said.err;
  }
  EXPECT_EQ(discarded_now(), "0");
  const auto said = mailboat_asks("101\n", discard);
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_TRUE(contains(said.out, "101 tasks of subscription shop are discarded")) << said.out;
  EXPECT_EQ(discarded_now(), "101");
  expect_done({"failed", "retry", "shop", "--status", "discarded", "--yes"}, "101 tasks");
  EXPECT_EQ(discarded_now(), "0");
}

TEST_F(CliFailedChange, AHundredAreNotAskedAbout) {
  reject_many(100);
  expect_done({"failed", "retry", "shop", "--all"}, "100 tasks");
}

TEST_F(CliFailedChange, ProgramWithoutATerminalDoesNotAsk) {
  reject_many(101);
  const auto finished =
      run({program("mailboat"), "--postgres", conninfo, "failed", "discard", "shop", "--all"});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_TRUE(contains(finished.errors, "Say --yes")) << finished.errors;
}

// An operator who answers 101, and to whom something happens before that.
class Answer : public std::streambuf {
 public:
  explicit Answer(std::function<void()> meanwhile) : meanwhile_(std::move(meanwhile)) {}

 private:
  int_type underflow() override {
    if (!meanwhile_) return traits_type::eof();
    std::exchange(meanwhile_, nullptr)();
    setg(text_.data(), text_.data(), text_.data() + text_.size());
    return traits_type::to_int_type(text_.front());
  }

  std::string text_ = "101\n";
  std::function<void()> meanwhile_;
};

TEST_F(CliFailedChange, OnlyWhatWasConfirmedAndStillMatchesIsChanged) {
  reject_many(101);
  const auto first = value("SELECT min(event_id) FROM outbox.rejection");
  std::string late;
  Answer answer([&] {
    retry_ends(first, "applied");
    late = rejected();
  });
  std::istream in(&answer);
  const auto said = test::mailboat(conninfo, {"failed", "discard", "shop", "--all"}, &in);
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_TRUE(contains(said.out, "100 tasks of")) << said.out;
  EXPECT_TRUE(contains(said.out, "1 task had changed meanwhile")) << said.out;
  EXPECT_EQ(status(first), "completed");
  EXPECT_EQ(status(late), "retrying") << "discarded although nobody had seen it";
}

TEST_F(CliFailedChange, WaitsForTheProducerAndLooksAgainAtWhatItHasChanged) {
  const auto changing = rejected("mail", "UNIQUE");
  const auto other = rejected("mail", "UNIQUE");
  postgres::Transaction producer(application, postgres::Transaction::Kind::ReadWrite);
  retry_ends(changing, "rejected", "CHECK");
  auto discarding = std::async(std::launch::async, [this] {
    return mailboat({"failed", "discard", "shop", "--error", "unique"});
  });
  postgres::Connection observer(conninfo, "observer");
  EXPECT_TRUE(eventually([&] {
    return !observer
                .query(
                    "SELECT FROM pg_stat_activity WHERE application_name = 'mailboat' AND wait_event_type = "
                    "'Lock'")
                .empty();
  }));
  producer.commit();
  const auto said = discarding.get();
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_TRUE(contains(said.out, "1 task of subscription shop is discarded")) << said.out;
  EXPECT_TRUE(contains(said.out, "1 task had changed meanwhile")) << said.out;
  EXPECT_EQ(status(changing), "retrying") << "it did not match any more";
  EXPECT_EQ(status(other), "discarded");
}

TEST_F(CliFailedChange, KeepsWhoDecidedAndWhen) {
  const auto id = failed();
  done({"failed", "retry", "shop", id});
  const auto host = [] {
    char name[256] = {};
    gethostname(name, sizeof name - 1);
    return std::string(name);
  }();
  const auto who = value("SELECT decided_by FROM outbox.rejection");
  EXPECT_TRUE(who.ends_with("@" + host + " as " + value("SELECT session_user"))) << who;
  EXPECT_EQ(value("SELECT decided_at > now() - interval '1 minute' FROM outbox.rejection"), "t");
  done({"failed", "discard", "shop", id});
  EXPECT_EQ(
      value("SELECT string_agg(what, ', ' ORDER BY id) FROM outbox.rejection_history WHERE decided_by = $1",
            {who}),
      "retry requested, discarded");
}

TEST_F(CliFailedChange, RetryLeavesCompensatedTasksAloneUnlessToldTo) {
  const auto undone = compensated();
  const auto other = failed();
  const auto said = mailboat({"failed", "retry", "shop", "--all"});
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_TRUE(contains(said.out, "skipping 1 task whose compensation has put the source right already"))
      << said.out;
  EXPECT_TRUE(contains(said.out, "1 task of subscription shop will be tried")) << said.out;
  EXPECT_EQ(status(undone), "failed");
  EXPECT_EQ(status(other), "retrying");
  expect_done({"failed", "retry", "shop", undone}, "skipping 1 task");
  EXPECT_EQ(status(undone), "failed");
  expect_done({"failed", "retry", "shop", undone, "--compensated-too"}, "1 task of");
  EXPECT_EQ(status(undone), "retrying");
}

TEST_F(CliFailedChange, WhatIsNamedAndCannotBeChangedChangesNothing) {
  const auto good = failed();
  const auto applied = completed();
  const auto left_out = discarded();
  done({"subscribe", "other", "--start", "now"});
  const auto theirs = rejected("mail", "e", "other");
  const auto before = all();
  for (const auto* verb : {"retry", "discard"}) {
    expect_failed({"failed", verb, "nope", "1"}, "there is no subscription \"nope\"");
    expect_failed({"failed", verb, "shop", good, "9223372036854775807"}, "has no task 9223372036854775807");
    expect_failed({"failed", verb, "shop", good, theirs}, "subscription \"shop\" has no task " + theirs);
    expect_failed({"failed", verb, "shop", good, applied}, "is completed: the replica has it");
  }
  expect_failed({"failed", "discard", "shop", good, left_out}, "is discarded already");
  EXPECT_EQ(all(), before);
}

TEST_F(CliFailedChange, NeedsToBeToldWhichTasks) {
  for (const auto* verb : {"retry", "discard"}) {
    expect_usage({"failed", verb}, "NAME");
    expect_usage({"failed", verb, "shop"}, "which tasks?");
    expect_usage({"failed", verb, "shop", "--dry-run", "--yes"}, "which tasks?");
    expect_usage({"failed", verb, "shop", "1", "--all"}, "either --all or ids, not both");
    expect_usage({"failed", verb, "shop", "x"}, "'x' is not the id of a task");
    expect_usage({"failed", verb, "shop", "--status", "completed"}, "'completed' is none of");
    expect_usage({"failed", verb, "shop", "--topic", ""}, "--topic: the value is empty");
  }
}

}  // namespace
}  // namespace mailboat::test
