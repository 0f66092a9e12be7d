#include <SQLiteCpp/SQLiteCpp.h>
#include <fstream>
#include <signal.h>

#include "tests/faults/task_pipeline.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/small_disk.hpp"

namespace mailboat::test {
namespace {

namespace fs = std::filesystem;

/// A replica, and a sibling that begins with a copy of its file.
class FromCopy : public TaskPipeline {
 protected:
  static constexpr auto sibling = "sibling";

  fs::path copy() const { return pipeline_.folder() / "copy.db"; }
  Finished mailboat(const Pipeline::Arguments& arguments) const {
    auto command = arguments;
    command.insert(command.begin(), {program("mailboat"), "--postgres", pipeline_.conninfo()});
    return run(command);
  }
  void back_up() const {
    const auto said = mailboat({"backup", "--database", pipeline_.file(), "--to", copy()});
    ASSERT_EQ(said.exit_code, 0) << said.errors;
    EXPECT_EQ(said.errors, "");
    EXPECT_NE(said.output.find("subscription replica at "), std::string::npos) << said.output;
  }
  Finished subscribe(const fs::path& file) const {
    return mailboat({"subscribe", sibling, "--from-copy", file});
  }
  void subscribe() const {
    const auto said = subscribe(copy());
    ASSERT_EQ(said.exit_code, 0) << said.errors;
  }
  /// Nothing has been made, and the file is as it was.
  void expect_refused(const Finished& said, const std::string& words) const {
    EXPECT_EQ(said.exit_code, 1);
    EXPECT_NE(said.errors.find(words), std::string::npos) << said.errors;
    EXPECT_EQ(said.output, "");
    EXPECT_EQ(subscriptions(), "replica");
  }
  std::string subscriptions() const {
    return pipeline_.value("SELECT string_agg(name, ' ' ORDER BY name) FROM outbox.subscription");
  }
  std::string owner(const fs::path& file) const {
    return SqliteReader(file).text("SELECT subscription FROM _mailboat_cursor");
  }
  void start_sibling() {
    auto command = pipeline_.consumer_command(quick);
    for (auto& word : command) {
      if (word == Pipeline::subscription) word = sibling;
      if (word == pipeline_.file()) word = copy();
      if (word == proxy_endpoint_) word = pipeline_.endpoint();
    }
    sibling_.emplace(command);
  }
  void expect_sibling_becomes_equal() {
    const auto original = pipeline_.file();
    pipeline_.keep_file_at(copy());
    EXPECT_EQ(pipeline_.lasting_difference("item", columns), "") << sibling_->errors() << pipeline_.said();
    pipeline_.keep_file_at(original);
  }
  int loads() { return occurrences(pipeline_.producer().errors(), "table loaded"); }
  int poison_in(const fs::path& file) const {
    return static_cast<int>(SqliteReader(file).number("SELECT count(*) FROM item WHERE note = 'poison'"));
  }
  std::string tasks_of(const std::string& subscription) const {
    return pipeline_.value(
        "SELECT coalesce(string_agg(status, ' ' ORDER BY event_id), '') FROM outbox.rejection"
        " WHERE subscription = '" +
        subscription + "'");
  }
  bool tasks_become(const std::string& subscription, const std::string& statuses) const {
    return eventually([&] { return tasks_of(subscription) == statuses; });
  }

  static void fill_all_but(const SmallDisk& disk, std::size_t left) {
    std::ofstream ballast(disk.path() / "ballast");
    ballast << std::string(disk.free_bytes() - left, 'x');
  }

  std::optional<Process> sibling_;
};

TEST_F(FromCopy, FollowsWithoutALoadBesideTheOriginal) {
  insert(100);
  follow();
  back_up();
  change_everything();
  subscribe();
  change_everything();
  start_sibling();
  expect_sibling_becomes_equal();
  expect_goes_on();
  expect_sibling_becomes_equal();
  EXPECT_EQ(loads(), 1) << "the source is not read again";
  EXPECT_EQ(owner(copy()), sibling);
  EXPECT_NE(SqliteReader(copy()).text("SELECT id FROM _mailboat_replica"),
            pipeline_.replica().text("SELECT id FROM _mailboat_replica"));
}

TEST_F(FromCopy, GetsTheOpenTasksOfTheOriginal) {
  follow_with_poisoned_table();
  insert_poison(2);
  ASSERT_TRUE(eventually([&] { return recorded() == 2 && unconfirmed() == 0; })) << pipeline_.said();
  back_up();
  subscribe();
  start_sibling();
  ASSERT_TRUE(tasks_become(sibling, "retrying retrying"));
  mend();
  EXPECT_TRUE(becomes_equal());
  EXPECT_EQ(poison_in(copy()), 0) << "the copy is mended by itself";
  SQLite::Database(copy().string(), SQLite::OPEN_READWRITE, 10'000).exec("DROP TRIGGER poison");
  expect_sibling_becomes_equal();
  EXPECT_TRUE(tasks_become(sibling, "completed completed")) << tasks_of(sibling);
}

TEST_F(FromCopy, GetsWhatARetryBroughtToTheOriginalAfterTheCopy) {
  follow_with_poisoned_table();
  insert_poison(2);
  ASSERT_TRUE(eventually([&] { return recorded() == 2 && unconfirmed() == 0; })) << pipeline_.said();
  back_up();
  SQLite::Database(copy().string(), SQLite::OPEN_READWRITE).exec("DROP TRIGGER poison");
  mend();
  ASSERT_TRUE(tasks_become("replica", "completed completed"));
  subscribe();
  start_sibling();
  expect_sibling_becomes_equal();
  EXPECT_EQ(poison_in(copy()), 2);
}

TEST_F(FromCopy, ReportsByItselfWhatTheOriginalHadNotReported) {
  follow_with_poisoned_table();
  proxy_.treat(from_consumer<Rejected>(Treatment::Drop));
  insert_poison(1);
  ASSERT_TRUE(eventually([&] { return unconfirmed() == 1; })) << pipeline_.said();
  back_up();
  pipeline_.kill_consumer();
  fs::remove(pipeline_.file());  // it will never report it
  subscribe();
  EXPECT_EQ(tasks_of(sibling), "");
  start_sibling();
  EXPECT_TRUE(eventually([&] { return tasks_of(sibling) == "retrying"; })) << sibling_->errors();
  SQLite::Database(copy().string(), SQLite::OPEN_READWRITE, 10'000).exec("DROP TRIGGER poison");
  expect_sibling_becomes_equal();
}

TEST_F(FromCopy, GoesOnWithALoadThatTheCopyHasBegun) {
  insert_large(20);
  proxy_.treat([chunks = 0](const FromProducer& message) mutable {
    const auto* frame = std::get_if<Frame>(&message);
    return frame != nullptr && frame->chunk && ++chunks > 5 ? Treatment::Hold : Treatment::Pass;
  });
  pipeline_.start_producer(quick);
  pipeline_.start_consumer(quick);
  ASSERT_TRUE(eventually([&] { return proxy_.treated() > 0; })) << pipeline_.said();
  back_up();
  pipeline_.kill_consumer();
  const auto loaded = SqliteReader(copy()).number("SELECT count(*) FROM item");
  ASSERT_GT(loaded, 0);
  change_everything();
  subscribe();
  start_sibling();
  expect_sibling_becomes_equal();
  EXPECT_EQ(SqliteReader(copy()).number("SELECT count(*) FROM _mailboat_load WHERE finished"), 1);
  EXPECT_EQ(occurrences(pipeline_.producer().errors(), "cursor=none"), 1) << "the sibling began anew";
}

TEST_F(FromCopy, RefusesTheFileOfAConsumerThatRuns) {
  follow();
  expect_refused(subscribe(pipeline_.file()), "mailboat-consumer is using '");
  expect_goes_on();
}

TEST_F(FromCopy, RefusesTheOriginalItself) {
  insert();
  follow();
  pipeline_.kill_consumer();
  expect_refused(subscribe(pipeline_.file()),
                 "is the file that subscription 'replica' writes. Give a copy of it");
  follow();
}

TEST_F(FromCopy, RefusesACopyOfAnotherSource) {
  insert();
  follow();
  back_up();
  const Pipeline other;
  other.sql("SELECT outbox.subscribe('replica')");
  const auto said =
      run({program("mailboat"), "--postgres", other.conninfo(), "subscribe", sibling, "--from-copy", copy()});
  EXPECT_EQ(said.exit_code, 1);
  EXPECT_NE(said.errors.find("filled from another PostgreSQL database"), std::string::npos) << said.errors;
  EXPECT_EQ(owner(copy()), "replica");
}

TEST_F(FromCopy, RefusesACopyThatIsAheadOfTheSource) {
  insert();
  follow();
  back_up();
  SQLite::Database(copy().string(), SQLite::OPEN_READWRITE)
      .exec("UPDATE _mailboat_cursor SET snapshot = '900000000:900000000:'");
  expect_refused(subscribe(copy()), "the source went back in time");
  EXPECT_EQ(owner(copy()), "replica");
}

TEST_F(FromCopy, RefusesWhatIsNoCopyOfAReplicaThatHasBegun) {
  expect_refused(subscribe(pipeline_.folder() / "none.db"), "there is no file '");
  EXPECT_FALSE(fs::exists(pipeline_.folder() / "none.db-lock"));
  pipeline_.start_consumer(quick);  // there is no producer yet
  ASSERT_TRUE(pipeline_.consumer().wait_for_output("waiting to try again"));
  const auto said = mailboat({"backup", "--database", pipeline_.file(), "--to", copy()});
  EXPECT_NE(said.output.find("has not applied anything yet"), std::string::npos)
      << said.output << said.errors;
  expect_refused(subscribe(copy()), "has not applied anything yet. Leave out --from-copy");
}

// As it is after a crash between the two commits.
TEST_F(FromCopy, CutOffBetweenPostgresqlAndTheFileSaysWhatToDoAndCanBeDoneAgain) {
  insert(3);
  follow();
  back_up();
  fs::copy_file(copy(), copy().string() + "-before");
  subscribe();
  fs::rename(copy().string() + "-before", copy());

  start_sibling();
  EXPECT_TRUE(sibling_->wait_for_output("belongs to subscription 'replica', not to 'sibling'"))
      << sibling_->errors();
  const auto again = subscribe(copy());
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_NE(again.errors.find("mailboat unsubscribe sibling"), std::string::npos) << again.errors;
  EXPECT_EQ(mailboat({"unsubscribe", sibling}).exit_code, 0);
  subscribe();
  start_sibling();
  expect_sibling_becomes_equal();

  sibling_->kill(SIGKILL);
  const auto once_more = subscribe(copy());
  EXPECT_NE(once_more.errors.find("belongs to subscription 'sibling' already. Start its consumer"),
            std::string::npos)
      << once_more.errors;
}

TEST_F(FromCopy, LeavesNothingBehindWhenTheFileCannotBeWritten) {
  if (!SmallDisk::is_possible()) GTEST_SKIP() << "a disk that is really full needs root, to mount a tmpfs";
  insert();
  follow();
  back_up();
  SmallDisk disk(1 << 20);
  const auto file = disk.path() / "copy.db";
  fs::copy_file(copy(), file);
  SQLite::Database(file.string(), SQLite::OPEN_READWRITE).exec("PRAGMA journal_mode = WAL");
  fill_all_but(disk, 40 << 10);  // room for the lock and for SQLite to open the file, none to commit
  expect_refused(subscribe(file), "cannot write to SQLite file '" + file.string());
  disk.resize(4 << 20);
  EXPECT_EQ(owner(file), "replica");
  EXPECT_EQ(subscribe(file).exit_code, 0);
}

}  // namespace
}  // namespace mailboat::test
