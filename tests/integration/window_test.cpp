// The heart of the producer, without processes around it: the events between two snapshots, read while
// writers race.
#include <atomic>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "migrations/migrator.hpp"
#include "producer/load_reader.hpp"
#include "producer/source.hpp"
#include "producer/window_reader.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/seed.hpp"

namespace mailboat::producer {
namespace {

constexpr std::size_t batch_bytes = 64 << 10;

// A database with a tracked table `item(id, value)`.
class WindowTest : public ::testing::Test {
 protected:
  static std::string prepare(const std::string& conninfo) {
    postgres::Connection admin(conninfo, "test");
    migrations::migrate(admin);
    admin.query("CREATE TABLE item (id int PRIMARY KEY, value text); SELECT outbox.track('item')");
    return conninfo;
  }

  EventBatch read_all(WindowReader& reader) {
    EventBatch events;
    while (reader.fill(events, events.bytes() + batch_bytes, loads_)) {
    }
    return events;
  }

  const std::string conninfo_ = prepare(test::shared_cluster().create_database());
  postgres::Connection admin_{conninfo_, "test"};
  postgres::Connection source_ = connect_to_source(conninfo_, "test");
  WindowReader reader_{source_, std::nullopt, true};
  std::vector<WindowReader::LoadNeeded> loads_;
};

// One writer's transaction: takes its id early or late, uses savepoints, stalls, and sometimes rolls back.
void write_something(postgres::Connection& connection, std::minstd_rand& random) {
  const auto id = [&random] { return std::to_string(random() % 40); };
  postgres::Transaction transaction(connection, postgres::Transaction::Kind::ReadWrite);
  if (random() % 3 == 0) transaction.query("SELECT pg_current_xact_id()");
  const auto changes = 1 + random() % 4;
  for (unsigned i = 0; i < changes; ++i) {
    transaction.query("SAVEPOINT before");
    switch (random() % 5) {
      case 0:
        transaction.query("DELETE FROM item WHERE id = $1::int", {id()});
        break;
      case 1:
        transaction.query("UPDATE item SET id = id + 100 WHERE id = $1::int AND id < 100", {id()});
        break;
      default:
        transaction.query(
            "INSERT INTO item VALUES ($1::int, $2) ON CONFLICT (id) DO UPDATE SET value = excluded.value",
            {id(), std::to_string(random())});
    }
    if (random() % 4 == 0) transaction.query("ROLLBACK TO before");
    if (random() % 8 == 0) transaction.query("SELECT pg_sleep(random() * 0.05)");
  }
  if (random() % 5 == 0) {
    transaction.rollback();
  } else {
    transaction.commit();
  }
}

class Writers {
 public:
  Writers(const std::string& conninfo, int count) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([conninfo, i, this](const std::stop_token& stop) {
        postgres::Connection connection(conninfo, "writer");
        std::minstd_rand random(static_cast<unsigned>(test::seed()) + static_cast<unsigned>(i));
        while (!stop.stop_requested()) {
          try {
            write_something(connection, random);
          } catch (
              const postgres::StatementFailed&) {  // a deadlock or a key that is taken: as good as a rollback
          }
          ++transactions_;
        }
      });
    }
  }
  [[nodiscard]] int transactions() const { return transactions_; }
  void finish() { threads_.clear(); }

 private:
  std::atomic<int> transactions_ = 0;
  std::vector<std::jthread> threads_;
};

// `"id":7` of a row or a key: json_build_object() puts blanks where row_to_json() puts none.
std::string key_of(std::string_view payload) {
  std::string key(payload.substr(1, payload.find_first_of(",}") - 1));
  std::erase(key, ' ');
  return key;
}

// What a replica does, in memory: the last payload per key, with the checks that a real one cannot make.
class Model {
 public:
  void apply(const EventBatch& events) {
    events.for_each([this](const Event& event) {
      if (event.op == Op::Relation) return;
      EXPECT_TRUE(ids_.insert(event.id).second) << "event " << event.id << " came twice";
      const auto key = key_of(event.payload);
      auto& version = versions_[key];
      EXPECT_LT(version, event.id) << "events of one key out of order";
      version = event.id;
      if (event.op == Op::Delete) {
        rows_.erase(key);
      } else {
        rows_[key] = event.payload;
      }
    });
  }
  [[nodiscard]] const std::map<std::string, std::string>& rows() const { return rows_; }

 private:
  std::map<std::string, std::string> rows_;
  std::map<std::string, EventId> versions_;
  std::set<EventId> ids_;
};

std::map<std::string, std::string> table_at(postgres::Connection& connection) {
  const auto rows = connection.query("SELECT row_to_json(item) FROM public.item");
  std::map<std::string, std::string> table;
  for (int row = 0; row < rows.size(); ++row) {
    const auto text = std::string(rows.text(row, 0));
    table[key_of(text)] = text;
  }
  return table;
}

TEST_F(WindowTest, AfterEveryWindowTheReplicaEqualsTheSourceAtThatSnapshotWhateverWritersDo) {
  Model model;
  Snapshot from;
  int windows = 0;
  const auto read_window = [&] {
    reader_.open(from);
    model.apply(read_all(reader_));
    EXPECT_EQ(model.rows(), table_at(reader_.at_snapshot())) << "at " << reader_.to().to_string();
    from = reader_.to();
    reader_.finish();
    ++windows;
  };
  Writers writers(conninfo_, 8);
  while (writers.transactions() < 1500 && !HasFailure()) read_window();
  writers.finish();
  read_window();
  EXPECT_FALSE(model.rows().empty());
  EXPECT_GT(windows, 50);
}

TEST_F(WindowTest, AnOpenTransactionDelaysOnlyItsOwnEvents) {
  postgres::Connection slow(conninfo_, "slow");
  slow.query("BEGIN; INSERT INTO item VALUES (1, 'slow')");
  admin_.query("INSERT INTO item VALUES (2, 'quick')");
  reader_.open(Snapshot());
  Model model;
  model.apply(read_all(reader_));
  EXPECT_EQ(model.rows().size(), 1U);
  const auto after_quick = reader_.to();
  reader_.finish();

  admin_.query("INSERT INTO item VALUES (3, 'later')");
  slow.query("COMMIT");
  reader_.open(after_quick);
  model.apply(read_all(reader_));
  reader_.finish();
  EXPECT_EQ(model.rows().size(), 3U);
}

TEST_F(WindowTest, ASuspendedWindowGoesOnWithExactlyItsOwnEvents) {
  admin_.query("INSERT INTO item SELECT n, repeat('x', 100) FROM generate_series(1, 9000) n");
  postgres::Connection open_before(conninfo_, "open before");
  open_before.query("BEGIN; INSERT INTO item VALUES (-1, 'in progress at the snapshot')");
  reader_.open(Snapshot());
  EventBatch events;
  ASSERT_TRUE(reader_.fill(events, 1000, loads_));
  reader_.suspend();
  EXPECT_TRUE(reader_.was_suspended());
  open_before.query("COMMIT");
  admin_.query("INSERT INTO item VALUES (-2, 'after the snapshot')");
  while (reader_.fill(events, events.bytes() + batch_bytes, loads_)) reader_.suspend();
  reader_.finish();

  Model model;
  model.apply(events);
  EXPECT_EQ(model.rows().size(), 9000U);
  EXPECT_FALSE(model.rows().contains("\"id\":-1"));
  EXPECT_FALSE(model.rows().contains("\"id\":-2"));
}

TEST_F(WindowTest, AnEventLargerThanAFetchMayHoldComesWhole) {
  admin_.query("INSERT INTO item VALUES (1, repeat('0123456789', 1000000))");
  reader_.open(Snapshot());
  const auto events = read_all(reader_);
  reader_.finish();
  std::size_t largest = 0;
  events.for_each([&largest](const Event& event) { largest = std::max(largest, event.payload.size()); });
  EXPECT_EQ(largest, std::string(R"({"id":1,"value":""})").size() + 10'000'000);
}

TEST_F(WindowTest, APollSaysWhetherThereIsAnythingToRead) {
  reader_.open(Snapshot());
  read_all(reader_);
  const auto now = reader_.to();
  reader_.finish();
  EXPECT_FALSE(reader_.poll(now).has_events);
  admin_.query("INSERT INTO item VALUES (1, 'x')");
  EXPECT_TRUE(reader_.poll(now).has_events);
}

TEST_F(WindowTest, OnlyTheSubscribedTopicsAreRead) {
  admin_.query("SELECT outbox.publish('wanted', '{}'), outbox.publish('unwanted', '{}')");
  WindowReader some(source_, std::vector<std::string>{"wanted"}, true);
  some.open(Snapshot());
  const auto events = read_all(some);
  some.finish();
  EXPECT_EQ(events.topic_names(), std::vector<std::string>{"wanted"});
}

TEST_F(WindowTest, RelationsAreToldAsOfTheSnapshotAndNotLater) {
  reader_.open(std::nullopt);
  const auto before = reader_.to();
  reader_.finish();
  admin_.query("ALTER TABLE item ADD COLUMN extra int");
  reader_.open(before);
  const auto then = reader_.relations_at(before, false);
  const auto now = reader_.relations_at(reader_.to(), false);
  reader_.finish();
  ASSERT_EQ(then.size(), 1U);
  ASSERT_EQ(now.size(), 1U);
  EXPECT_EQ(then.payloads().texts().find("extra"), std::string::npos);
  EXPECT_NE(now.payloads().texts().find("extra"), std::string::npos);
}

TEST_F(WindowTest, TheRelationsForANewReplicaLeaveOutWhatIsNoLongerTracked) {
  admin_.query("SELECT outbox.untrack('item')");
  reader_.open(std::nullopt);
  EXPECT_EQ(reader_.relations_at(reader_.to(), false).size(), 1U);
  EXPECT_TRUE(reader_.relations_at(reader_.to(), true).empty());
  reader_.finish();
}

TEST_F(WindowTest, AChangeWithoutContentIsLeftOutOnceTheTableIsTrackedAgainAndLoaded) {
  const auto changes_without_content = [this](WindowReader& reader) {
    reader.open(Snapshot());
    const auto events = read_all(reader);
    reader.finish();
    int count = 0;
    events.for_each([&count](const Event& event) { count += event.payload.empty() ? 1 : 0; });
    return count;
  };
  admin_.query(
      "INSERT INTO outbox.event (topic, op) VALUES ('public.item', 'U'); UPDATE outbox.tracked SET blind = "
      "true");
  EXPECT_EQ(changes_without_content(reader_), 1);
  admin_.query("SELECT outbox.track('item')");
  EXPECT_EQ(changes_without_content(reader_), 0);
  WindowReader never_loads(source_, std::nullopt, false);
  EXPECT_EQ(changes_without_content(never_loads), 1);
}

TEST_F(WindowTest, AKeyOfAnExtensionsTypeIsLoadedInItsOwnOrder) {
  admin_.query(
      "CREATE SCHEMA extra; CREATE EXTENSION citext SCHEMA extra; CREATE TABLE tag (name extra.citext "
      "PRIMARY KEY);"
      "INSERT INTO tag SELECT CASE n % 2 WHEN 0 THEN 'a' ELSE 'A' END || n FROM generate_series(1, 3000) n;"
      "SELECT outbox.track('tag')");
  LoadReader load(source_);
  LoadPosition position{"public.tag", {}, 0};
  for (bool done = false; !done;) {
    reader_.open(std::nullopt);
    const auto chunk = load.read(position, batch_bytes);
    ASSERT_TRUE(chunk.has_value()) << load.why_not();
    position = chunk->next;
    done = chunk->ends_load;
    reader_.finish();
  }
  EXPECT_EQ(position.rows, 3000U);
}

TEST_F(WindowTest, AChunkIsNotTrustedWhenTheTableWasTruncatedOrRewrittenAfterItsSnapshot) {
  admin_.query("INSERT INTO item SELECT n, 'x' FROM generate_series(1, 100) n");
  LoadReader load(source_);
  for (const auto* change : {"ALTER TABLE item ADD COLUMN extra int",
                             "ALTER TABLE item ALTER COLUMN id TYPE bigint", "TRUNCATE item"}) {
    reader_.open(std::nullopt);
    const bool rewrites = std::string_view(change).find("ADD COLUMN") == std::string_view::npos;
    admin_.query(change);
    const auto chunk = load.read({"public.item", {}, 0}, batch_bytes);
    EXPECT_EQ(chunk.has_value(), !rewrites) << change;
    reader_.finish();
  }
}

TEST_F(WindowTest, AChunkIsNotTrustedWhenANameHasAnotherMeaningSinceItsSnapshot) {
  admin_.query("ALTER TABLE item ADD COLUMN other text; CREATE TABLE twin (LIKE item INCLUDING ALL)");
  admin_.query("INSERT INTO item SELECT n, 'value', 'other' FROM generate_series(1, 10) n");
  LoadReader load(source_);
  for (const auto* change : {"ALTER TABLE item RENAME value TO x; ALTER TABLE item RENAME other TO value; "
                             "ALTER TABLE item RENAME x TO "
                             "other",
                             "ALTER TABLE item DROP COLUMN other; ALTER TABLE item ADD COLUMN other text",
                             "ALTER TABLE item RENAME TO gone; ALTER TABLE twin RENAME TO item"}) {
    reader_.open(std::nullopt);
    admin_.query(change);
    EXPECT_FALSE(load.read({"public.item", {}, 0}, batch_bytes).has_value()) << change;
    EXPECT_NE(load.why_not(), "");
    reader_.finish();
  }
}

TEST_F(WindowTest, AChunkIsBoundedByItsBytesWhateverItsRowsAreLike) {
  admin_.query("INSERT INTO item SELECT n, 'small' FROM generate_series(1, 2000) n");
  admin_.query("INSERT INTO item SELECT n, repeat('x', 1000000) FROM generate_series(2001, 2040) n");
  LoadReader load(source_);
  LoadPosition position{"public.item", {}, 0};
  for (bool done = false; !done;) {
    reader_.open(std::nullopt);
    const auto chunk = load.read(position, batch_bytes);
    ASSERT_TRUE(chunk.has_value()) << load.why_not();
    std::size_t bytes = 0;
    for (const auto& piece : chunk->pieces) bytes += piece.rows.bytes();
    EXPECT_LT(bytes, 6U << 20);
    position = chunk->next;
    done = chunk->ends_load;
    reader_.finish();
  }
  EXPECT_EQ(position.rows, 2040U);
}

TEST_F(WindowTest, TheLoadOfATableThatIsNoLongerTrackedGivesUp) {
  LoadReader load(source_);
  admin_.query("SELECT outbox.untrack('item')");
  reader_.open(std::nullopt);
  const auto chunk = load.read({"public.item", {"5"}, 5}, batch_bytes);
  reader_.finish();
  ASSERT_TRUE(chunk.has_value());
  EXPECT_TRUE(chunk->ends_load);
  EXPECT_TRUE(chunk->pieces.back().gives_up);
}

TEST_F(WindowTest, ChunksFollowEachOtherInKeyOrderWithoutGapOrOverlap) {
  admin_.query("INSERT INTO item SELECT n, repeat('x', n % 300) FROM generate_series(-3000, 3000) n");
  LoadReader load(source_);
  LoadPosition position{"public.item", {}, 0};
  std::uint64_t rows = 0;
  int chunks = 0;
  for (bool done = false; !done; ++chunks) {
    reader_.open(std::nullopt);
    auto chunk = load.read(position, 4096);
    ASSERT_TRUE(chunk.has_value()) << load.why_not();
    for (const auto& piece : chunk->pieces) rows += piece.rows.size();
    position = chunk->next;
    done = chunk->ends_load;
    reader_.finish();
  }
  EXPECT_EQ(rows, 6001U);
  EXPECT_EQ(position.rows, 6001U);
  EXPECT_EQ(position.last_key, std::vector<std::string>{"3000"});
  EXPECT_GT(chunks, 2);
}

// What await_durable() is for: see the comment there.
TEST(DurableSnapshot, TransactionIdsThatACursorCoversAreNotHandedOutAgainAfterACrash) {
  test::Cluster cluster({.settings = {"wal_writer_delay=10s", "checkpoint_timeout=1h"}});
  const auto conninfo = cluster.create_database();
  TransactionId covered_up_to = 0;
  {
    postgres::Connection admin(conninfo, "test");
    migrations::migrate(admin);
    auto source = connect_to_source(conninfo, "test");
    WindowReader reader(source, std::nullopt, true);
    for (int i = 0; i < 20; ++i) admin.query("BEGIN; SELECT pg_current_xact_id(); ROLLBACK");
    reader.open(Snapshot());
    reader.finish();
    reader.await_durable();
    covered_up_to = reader.to().xmax();
    cluster.stop(test::Cluster::Stop::Immediate);
  }
  cluster.start();
  postgres::Connection admin(conninfo, "test");
  EXPECT_GE(admin.query("SELECT pg_current_xact_id()").uint64(0, 0), covered_up_to);
}

}  // namespace
}  // namespace mailboat::producer
