// Several sources into one SQLite file: what happens to one of them stays with it.
#include <SQLiteCpp/SQLiteCpp.h>
#include <fstream>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/faults/pipeline.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/message_proxy.hpp"

namespace mailboat::test {
namespace {

using std::chrono::seconds;

/// Two databases that are alike in every name, each with a producer, and one consumer for both. The tables
/// become `eu_item` and `us_item`.
class Sources : public ::testing::Test {
 protected:
  using Treatment = MessageProxy::Treatment;

  Sources() {
    for (const auto* source : {&eu_, &us_}) {
      source->sql(
          "CREATE TABLE item (id integer PRIMARY KEY, note text);"
          "SELECT outbox.track('item'); SELECT outbox.subscribe('shop')");
    }
  }

  static void insert(const Pipeline& source, int rows, const std::string& note) {
    source.sql("INSERT INTO item SELECT coalesce(max, 0) + n, '" + note +
               "' FROM (SELECT max(id) FROM item) m, generate_series(1, " + std::to_string(rows) + ") n");
  }
  /// One window of many frames.
  static void insert_large(const Pipeline& source) {
    source.sql("INSERT INTO item SELECT 1000 + n, repeat('x', 100000) FROM generate_series(1, 60) n");
  }
  void start_producers() {
    eu_.start_producer(quick);
    us_.start_producer(quick);
  }

  static std::string table(const std::string& name, const std::string& producer, const std::string& prefix,
                           const std::string& subscription = "shop") {
    return "[[source]]\nname = \"" + name + "\"\nproducer = \"" + producer + "\"\nsubscription = \"" +
           subscription + "\"\nprefix = \"" + prefix + "\"\n";
  }
  [[nodiscard]] std::string both() const {
    return table("eu", eu_.endpoint(), "eu_") + table("us", us_.endpoint(), "us_");
  }
  std::vector<std::string> consumer_command(const std::string& sources,
                                            const Pipeline::Arguments& more = {}) const {
    std::ofstream(config()) << "database = \"" << file().string()
                            << "\"\nheartbeat = \"100ms\"\nreject_limit = 10\n"
                            << sources;
    std::vector<std::string> command{program("mailboat-consumer"), "--config", config()};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  void start_consumer(const std::string& sources) { consumer_.emplace(consumer_command(sources)); }
  Finished catch_up(const std::string& sources) const {
    return run(consumer_command(sources, {"--until-caught-up"}));
  }
  Finished mailboat(const Pipeline& source, Pipeline::Arguments arguments) const {
    arguments.insert(arguments.begin(), {program("mailboat"), "--postgres", source.conninfo()});
    return run(arguments);
  }

  [[nodiscard]] std::filesystem::path file() const { return eu_.file(); }
  [[nodiscard]] std::filesystem::path config() const { return eu_.folder() / "consumer.toml"; }
  [[nodiscard]] SqliteReader replica() const { return SqliteReader(file()); }
  void by_hand(const std::string& statements) const {
    SQLite::Database(file().string(), SQLite::OPEN_READWRITE, 10'000).exec(statements);
  }
  /// What both tables hold, in short.
  static std::string sum(const Pipeline& source) {
    return source.value(
        "SELECT count(*) || ' ' || coalesce(sum(id), 0) || ' ' || coalesce(min(note), '') FROM item");
  }
  [[nodiscard]] std::string sum(const std::string& replica_table) const {
    try {
      return replica().text(
          "SELECT count(*) || ' ' || coalesce(sum(id), 0) || ' ' || coalesce(min(note), '') FROM " +
          replica_table);
    } catch (const std::exception& not_yet) {
      return not_yet.what();
    }
  }
  [[nodiscard]] bool become_equal(const Pipeline& source, const std::string& replica_table) const {
    return eventually([&] { return sum(source) == sum(replica_table); });
  }
  static std::string tasks(const Pipeline& source) {
    return source.value(
        "SELECT coalesce(string_agg(status, ' ' ORDER BY event_id), '') FROM outbox.rejection");
  }
  /// Of the consumer, with `--metrics-listen`.
  void expect_not_ready_because(const std::string& reason) {
    const std::string words = "metrics can be read address=";
    const auto errors = consumer_->errors();
    const auto begin = errors.find(words) + words.size();
    const auto reply = http_get(errors.substr(begin, errors.find('\n', begin) - begin), "/readyz");
    EXPECT_EQ(reply.status, 503);
    EXPECT_NE(reply.body.find(reason), std::string::npos) << reply.body << said();
  }
  std::string said() {
    return (consumer_ ? consumer_->errors() : "") + "\neu " + eu_.said() + "\nus " + us_.said();
  }

  static inline const Pipeline::Arguments quick{"--heartbeat", "100ms"};
  Pipeline eu_;
  Pipeline us_;
  std::optional<Process> consumer_;
};

TEST_F(Sources, FlowIntoTablesOfTheirOwn) {
  insert(eu_, 20, "europe");
  insert(us_, 30, "america");
  start_producers();
  const auto first = catch_up(both());
  ASSERT_EQ(first.exit_code, 0) << first.errors << said();
  EXPECT_EQ(sum("eu_item"), sum(eu_));
  EXPECT_EQ(sum("us_item"), sum(us_));
  EXPECT_EQ(occurrences(first.errors, "following"), 2);
  for (const std::string source : {"source=eu\n", "source=us\n"})
    EXPECT_GE(occurrences(first.errors, source), 1) << first.errors;
  EXPECT_EQ(replica().number("SELECT count(*) FROM _mailboat_cursor WHERE subscription = 'shop'"), 2);

  start_consumer(both());
  insert(us_, 5, "later");
  insert(eu_, 5, "later");
  EXPECT_TRUE(become_equal(eu_, "eu_item") && become_equal(us_, "us_item")) << said();
  consumer_->kill(SIGTERM);
  EXPECT_EQ(consumer_->wait(seconds(30)), 0) << said();
}

TEST_F(Sources, DoNotWaitForOneWhoseProducerIsAway) {
  insert(eu_, 20, "europe");
  insert(us_, 20, "america");
  eu_.start_producer(quick);
  start_consumer(both());
  EXPECT_TRUE(become_equal(eu_, "eu_item")) << said();
  us_.start_producer(quick);
  EXPECT_TRUE(become_equal(us_, "us_item")) << said();
  us_.kill_producer();
  insert(eu_, 20, "europe");
  EXPECT_TRUE(become_equal(eu_, "eu_item")) << said();
}

TEST_F(Sources, GoOnWithoutOneThatIsRefusedAndExitCodeTells) {
  insert(eu_, 20, "europe");
  start_producers();
  start_consumer(table("eu", eu_.endpoint(), "eu_") + table("us", us_.endpoint(), "us_", "nobody"));
  ASSERT_TRUE(consumer_->wait_for_output("this source is not followed any more")) << said();
  EXPECT_TRUE(become_equal(eu_, "eu_item")) << said();
  insert(eu_, 20, "europe");
  EXPECT_TRUE(become_equal(eu_, "eu_item")) << said();
  consumer_->kill(SIGTERM);
  EXPECT_EQ(consumer_->wait(seconds(30)), 1) << said();
  EXPECT_NE(consumer_->errors().find("1 of 2 sources could not be followed to the end: us"),
            std::string::npos)
      << said();
}

TEST_F(Sources, GoOnBesideAStormOfRejections) {
  start_producers();
  ASSERT_EQ(catch_up(both()).exit_code, 0);
  by_hand("CREATE TRIGGER no BEFORE INSERT ON us_item BEGIN SELECT RAISE(ABORT, 'no'); END");
  consumer_.emplace(consumer_command(both(), {"--metrics-listen", "127.0.0.1:0"}));
  insert(us_, 50, "nowhere");
  ASSERT_TRUE(consumer_->wait_for_output("this source is not followed any more")) << said();
  expect_not_ready_because("source us: it is not followed any more: more than 10 events of one window");
  EXPECT_NE(us_.status().find("the consumer has stopped: more than 10 events"), std::string::npos)
      << us_.status() << said();
  insert(eu_, 20, "europe");
  EXPECT_TRUE(become_equal(eu_, "eu_item")) << said();
}

TEST_F(Sources, ThatWouldMakeTheSameTableAreToldApartByAPrefix) {
  insert(eu_, 3, "europe");
  insert(us_, 3, "america");
  start_producers();
  const auto first = catch_up(table("eu", eu_.endpoint(), ""));
  ASSERT_EQ(first.exit_code, 0) << first.errors;
  const auto shared = table("eu", eu_.endpoint(), "") + table("us", us_.endpoint(), "");
  const auto refused = catch_up(shared);
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.errors.find(
                "topic public.item of source 'us' would become SQLite table 'item', which holds the "
                "rows of source 'eu'. Give the [[source]] 'us' a prefix of its own"),
            std::string::npos)
      << refused.errors;
  EXPECT_EQ(sum("item"), sum(eu_));
  const auto mended = catch_up(table("eu", eu_.endpoint(), "") + table("us", us_.endpoint(), "us_"));
  EXPECT_EQ(mended.exit_code, 0) << mended.errors;
  EXPECT_EQ(sum("us_item"), sum(us_));
}

TEST_F(Sources, HaveTheirRejectionsRetriedEachByItsOwnProducer) {
  for (const auto* source : {&eu_, &us_})
    source->sql(
        "SELECT outbox.configure('shop', max_attempts => 1000000, retry_delay => '50 ms', retry_delay_max => "
        "'100 ms')");
  start_producers();
  ASSERT_EQ(catch_up(both()).exit_code, 0);
  for (const std::string name : {"eu", "us"}) {
    by_hand("CREATE TRIGGER " + name + "_no BEFORE INSERT ON " + name +
            "_item BEGIN SELECT RAISE(ABORT, 'no'); END");
  }
  start_consumer(both());
  insert(eu_, 2, "europe");
  insert(us_, 2, "america");
  ASSERT_TRUE(eventually([&] {
    return tasks(eu_) == "retrying retrying" && tasks(us_) == "retrying retrying";
  })) << tasks(eu_)
      << " / " << tasks(us_) << said();
  by_hand("DROP TRIGGER eu_no");
  EXPECT_TRUE(eventually([&] { return tasks(eu_) == "completed completed"; })) << tasks(eu_) << said();
  EXPECT_TRUE(become_equal(eu_, "eu_item"));
  EXPECT_EQ(sum("us_item"), "0 0 ");
  by_hand("DROP TRIGGER us_no");
  EXPECT_TRUE(eventually([&] { return tasks(us_) == "completed completed"; })) << tasks(us_) << said();
  EXPECT_TRUE(become_equal(us_, "us_item"));
}

TEST_F(Sources, AreLoadedAndVerifiedEachForItself) {
  insert(eu_, 20, "europe");
  insert(us_, 20, "america");
  start_producers();
  ASSERT_EQ(catch_up(both()).exit_code, 0);
  by_hand("UPDATE eu_item SET note = 'wrong'; UPDATE us_item SET note = 'wrong'");
  start_consumer(both());
  const std::string loads = "SELECT first_chunk FROM _mailboat_load WHERE source = 'us'";
  const auto before = replica().number(loads);
  const auto loaded = mailboat(eu_, {"load", "shop", "--wait"});
  EXPECT_EQ(loaded.exit_code, 0) << loaded.errors << said();
  EXPECT_EQ(sum("eu_item"), sum(eu_));
  EXPECT_EQ(sum("us_item"), "20 210 wrong");
  EXPECT_EQ(replica().number(loads), before);
  const auto found = mailboat(us_, {"verify", "shop"});
  EXPECT_EQ(found.exit_code, 1) << found.output << found.errors;
  EXPECT_NE(found.output.find("20"), std::string::npos) << found.output;
  EXPECT_EQ(mailboat(eu_, {"verify", "shop"}).exit_code, 0) << said();
  EXPECT_EQ(mailboat(us_, {"verify", "shop", "--repair"}).exit_code, 0) << said();
  EXPECT_EQ(sum("us_item"), sum(us_));
}

TEST_F(Sources, LoseNothingWhenTheConsumerIsKilledAgainAndAgain) {
  start_producers();
  for (int round = 0; round < 8; ++round) {
    start_consumer(both());
    insert(eu_, 200, "europe");
    insert(us_, 200, "america");
    us_.sql("UPDATE item SET note = 'round " + std::to_string(round) + "' WHERE id % 3 = 0");
    eu_.sql("DELETE FROM item WHERE id % 7 = " + std::to_string(round % 7));
    ASSERT_TRUE(consumer_->wait_for_output("following")) << said();
    consumer_->kill(SIGKILL);
    consumer_->wait(seconds(10));
  }
  start_consumer(both());
  EXPECT_TRUE(become_equal(eu_, "eu_item")) << said();
  EXPECT_TRUE(become_equal(us_, "us_item")) << said();
  EXPECT_EQ(replica().text("PRAGMA integrity_check"), "ok");
}

/// Somebody between the consumer and the producer of `eu` who can hold back frames.
class StuckSource : public Sources {
 protected:
  [[nodiscard]] std::string through_proxy() const {
    return table("eu", proxy_endpoint_, "eu_") + table("us", us_.endpoint(), "us_");
  }
  /// The end of the next window with several frames, and whatever follows.
  void hold_from_last_frame() {
    proxy_.treat([is_stuck = false](const FromProducer& message) mutable {
      const auto* frame = std::get_if<Frame>(&message);
      if (frame != nullptr && frame->last && frame->index > 0) is_stuck = true;
      return frame != nullptr && is_stuck ? Treatment::Hold : Treatment::Pass;
    });
  }

  const std::string proxy_endpoint_ = "ipc://" + (eu_.folder() / "proxy").string();
  MessageProxy proxy_{proxy_endpoint_, eu_.endpoint()};
};

TEST_F(StuckSource, GivesTheTurnBackWhenTheOthersWaitForIt) {
  start_producers();
  ASSERT_EQ(catch_up(through_proxy()).exit_code, 0);
  hold_from_last_frame();
  start_consumer(through_proxy());
  ASSERT_TRUE(consumer_->wait_for_output("following")) << said();
  insert_large(eu_);
  ASSERT_TRUE(eventually([&] { return proxy_.treated() > 0; })) << said();
  insert(us_, 5, "america");
  EXPECT_TRUE(become_equal(us_, "us_item")) << said();
  EXPECT_TRUE(consumer_->wait_for_output("while other sources waited to write to the file")) << said();
  proxy_.pass_all();
  proxy_.forget();
  EXPECT_TRUE(become_equal(eu_, "eu_item")) << said();
}

TEST_F(StuckSource, KeepsItsWindowWhileNobodyWaits) {
  start_producers();
  ASSERT_EQ(catch_up(through_proxy()).exit_code, 0);
  us_.kill_producer();
  hold_from_last_frame();
  start_consumer(through_proxy());
  insert_large(eu_);
  ASSERT_TRUE(eventually([&] { return proxy_.treated() > 0; })) << said();
  EXPECT_FALSE(consumer_->wait_for_output("while other sources waited", seconds(7))) << said();
  proxy_.release();
  proxy_.pass_all();
  proxy_.release();
  EXPECT_TRUE(become_equal(eu_, "eu_item")) << said();
}

TEST_F(StuckSource, DoesNotKeepTheOthersFromStopping) {
  start_producers();
  ASSERT_EQ(catch_up(through_proxy()).exit_code, 0);
  hold_from_last_frame();
  start_consumer(through_proxy());
  ASSERT_TRUE(consumer_->wait_for_output("following")) << said();
  insert_large(eu_);
  ASSERT_TRUE(eventually([&] { return proxy_.treated() > 0; })) << said();
  insert(us_, 5, "america");
  consumer_->kill(SIGTERM);
  EXPECT_EQ(consumer_->wait(seconds(30)), 0) << said();
  EXPECT_EQ(sum("eu_item"), "0 0 ") << "half a window";
}

TEST_F(Sources, OfACopyAreGivenAwayOneByOne) {
  insert(eu_, 5, "europe");
  insert(us_, 5, "america");
  start_producers();
  ASSERT_EQ(catch_up(both()).exit_code, 0);
  const auto copy = eu_.folder() / "copy.db";
  const auto made = mailboat(eu_, {"backup", "--database", file(), "--to", copy});
  ASSERT_EQ(made.exit_code, 0) << made.errors;
  EXPECT_NE(made.output.find(": source eu, subscription shop at "), std::string::npos) << made.output;
  EXPECT_NE(made.output.find("; source us, subscription shop at "), std::string::npos) << made.output;

  const auto wrong = mailboat(eu_, {"subscribe", "second", "--from-copy", copy, "--source", "us"});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_NE(wrong.errors.find("filled from another PostgreSQL database"), std::string::npos) << wrong.errors;
  const auto unknown = mailboat(eu_, {"subscribe", "second", "--from-copy", copy, "--source", "asia"});
  EXPECT_NE(unknown.errors.find("has no source 'asia' (it has: eu, us)"), std::string::npos)
      << unknown.errors;
  for (const auto* source : {&eu_, &us_}) {
    const auto given = mailboat(*source, {"subscribe", "second", "--from-copy", copy});
    EXPECT_EQ(given.exit_code, 0) << given.errors;
    EXPECT_NE(given.output.find(source == &eu_ ? "[[source]] eu" : "[[source]] us"), std::string::npos)
        << given.output;
  }
  EXPECT_EQ(SqliteReader(copy).number("SELECT count(*) FROM _mailboat_cursor WHERE subscription = 'second'"),
            2);
  insert(eu_, 5, "later");
  auto command = consumer_command(
      table("eu", eu_.endpoint(), "eu_", "second") + table("us", us_.endpoint(), "us_", "second"),
      {"--until-caught-up", "--database", copy});
  const auto said = run(command);
  EXPECT_EQ(said.exit_code, 0) << said.errors;
  EXPECT_EQ(SqliteReader(copy).number("SELECT count(*) FROM eu_item"), 10);
  EXPECT_EQ(said.errors.find("cursor=none"), std::string::npos) << said.errors;
}

TEST_F(Sources, OfTheSameDatabaseInACopyHaveToBeNamed) {
  eu_.sql("SELECT outbox.subscribe('books')");
  eu_.start_producer(quick);
  const auto twice = table("a", eu_.endpoint(), "a_") + table("b", eu_.endpoint(), "b_", "books");
  const auto said = catch_up(twice);
  ASSERT_EQ(said.exit_code, 0) << said.errors;
  const auto copy = eu_.folder() / "copy.db";
  ASSERT_EQ(mailboat(eu_, {"backup", "--database", file(), "--to", copy}).exit_code, 0);
  const auto unclear = mailboat(eu_, {"subscribe", "second", "--from-copy", copy});
  EXPECT_EQ(unclear.exit_code, 1);
  EXPECT_NE(unclear.errors.find("were filled from this database: a, b. Say which one with --source NAME"),
            std::string::npos)
      << unclear.errors;
  EXPECT_EQ(mailboat(eu_, {"subscribe", "second", "--from-copy", copy, "--source", "b"}).exit_code, 0);
  EXPECT_EQ(SqliteReader(copy).text("SELECT source FROM _mailboat_cursor WHERE subscription = 'second'"),
            "b");
}

TEST_F(Sources, AreAllEndedByAFileThatIsNone) {
  std::ofstream(file()) << std::string(5000, 'x');
  const auto said = catch_up(both());
  EXPECT_EQ(said.exit_code, 1);
  EXPECT_NE(said.errors.find("is not a SQLite database"), std::string::npos) << said.errors;
  EXPECT_NE(said.errors.find("no source can be followed"), std::string::npos) << said.errors;
}

TEST_F(Sources, MayBeAddedToAFileThatHasOne) {
  insert(eu_, 5, "europe");
  insert(us_, 5, "america");
  start_producers();
  const auto alone = run({program("mailboat-consumer"), "--producer", eu_.endpoint(), "--subscription",
                          "shop", "--database", file(), "--until-caught-up"});
  ASSERT_EQ(alone.exit_code, 0) << alone.errors;
  us_.sql("SELECT outbox.subscribe('america')");
  const auto said = catch_up(table("eu", eu_.endpoint(), "") + table("us", us_.endpoint(), "us_", "america"));
  EXPECT_EQ(said.exit_code, 0) << said.errors;
  EXPECT_EQ(occurrences(said.errors, "cursor=none"), 1) << "eu goes on where it was: " << said.errors;
  EXPECT_EQ(sum("item"), sum(eu_));
  EXPECT_EQ(sum("us_item"), sum(us_));
}

}  // namespace
}  // namespace mailboat::test
