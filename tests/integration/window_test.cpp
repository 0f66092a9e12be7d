// The heart of the producer, without processes around it: the events between two snapshots, read while
// writers race.
#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "tests/integration/window_fixture.hpp"
#include "tests/integration/window_writers.hpp"

namespace mailboat::producer {
namespace {

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
  ASSERT_TRUE(reader_.fill(events, 1000, changes_));
  reader_.suspend();
  EXPECT_TRUE(reader_.was_suspended());
  open_before.query("COMMIT");
  admin_.query("INSERT INTO item VALUES (-2, 'after the snapshot')");
  while (reader_.fill(events, events.bytes() + batch_bytes, changes_)) reader_.suspend();
  reader_.finish();

  Model model;
  model.apply(events);
  EXPECT_EQ(model.rows().size(), 9000U);
  EXPECT_FALSE(model.rows().contains("\"id\":-1"));
  EXPECT_FALSE(model.rows().contains("\"id\":-2"));
}

void insert_bulk(postgres::Connection& connection, int count) {
  connection.query(
      "INSERT INTO outbox.event (topic, op, payload) SELECT 'bulk', 'U', '{}' FROM generate_series(1, "
      "$1::int)",
      {std::to_string(count)});
}

TEST_F(WindowTest, ALargeWindowIsReadSliceBySliceAndComesWholeAndInOrderAllTheSame) {
  postgres::Connection early(conninfo_, "begins before the others and ends after them");
  postgres::Connection beyond(conninfo_, "ends after the snapshot");
  for (auto* connection : {&early, &beyond}) {
    connection->query("BEGIN");
    insert_bulk(*connection, 10);
  }
  insert_bulk(admin_, 200'000);
  insert_bulk(early, 200'000);
  admin_.query("SELECT setval('outbox.event_id', 999999999999)");  // as when ids leave a tail of the log
  insert_bulk(admin_, 200'000);
  insert_bulk(early, 10);
  early.query("COMMIT");
  reader_.open(Snapshot());
  beyond.query("COMMIT");
  EventBatch events;
  while (reader_.fill(events, events.bytes() + (4 << 20), changes_)) reader_.suspend();
  reader_.finish();

  const auto rows = admin_.query(
      "SELECT id FROM outbox.event WHERE pg_visible_in_snapshot(txid, $1::pg_snapshot) ORDER BY id",
      {reader_.to().to_string()});
  ASSERT_GT(rows.size(), 600'000);
  ASSERT_EQ(events.size(), static_cast<std::size_t>(rows.size()));
  for (int row = 0; row < rows.size(); ++row) {
    ASSERT_EQ(events.ids()[static_cast<std::size_t>(row)], rows.uint64(row, 0)) << "row " << row;
  }
}

class LargeTransactionTest : public WindowTest {
 protected:
  Snapshot read_window(const Snapshot& from) {
    reader_.open(from);
    read_all(reader_);
    auto to = reader_.to();
    reader_.finish();
    return to;
  }
  void begin_large() {
    large_.query("BEGIN");
    insert_bulk(large_, 100'000);
  }
  void expect_slices(const Snapshot& from) {
    large_.query("COMMIT");
    reader_.open(from);
    EventBatch events;
    ASSERT_TRUE(reader_.fill(events, 1, changes_));
    EXPECT_LT(reader_.at_snapshot().query("FETCH ALL FROM outbox_window").size(), 40'000);
  }
  postgres::Connection large_{conninfo_, "large"};
};

TEST_F(LargeTransactionTest, ComesInSlicesAlthoughOthersWereReadWhileItWasOpen) {
  begin_large();
  admin_.query("INSERT INTO item VALUES (1, 'x')");
  const auto from = read_window(Snapshot());
  admin_.query("INSERT INTO item VALUES (2, 'x')");
  expect_slices(read_window(from));
}

TEST_F(LargeTransactionTest, ComesInSlicesAlthoughTheLogWasLookedAtWhileItWasOpen) {
  admin_.query("INSERT INTO item VALUES (1, 'x')");
  const auto from = read_window(Snapshot());
  begin_large();
  EXPECT_FALSE(reader_.poll(from).has_events);
  expect_slices(from);
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
  const auto wanted = subscribed("some", "load", "{wanted}");
  WindowReader some(source_, wanted);
  some.open(Snapshot());
  const auto events = read_all(some);
  some.finish();
  EXPECT_EQ(events.topic_names(), std::vector<std::string>{"wanted"});
}

TEST_F(WindowTest, WhereTablesAreLoadedOnlyTheEventsOfApplicationsAreRead) {
  admin_.query("INSERT INTO item VALUES (1, 'loaded'); SELECT outbox.publish('wanted', '{}')");
  for (const bool suspended : {false, true}) {
    reader_.open(Snapshot(), WindowReader::Events::PublishedOnly);
    if (suspended) reader_.suspend();
    EXPECT_EQ(read_all(reader_).topic_names(), std::vector<std::string>{"wanted"});
    reader_.finish();
  }
  reader_.open(Snapshot());
  EXPECT_EQ(read_all(reader_).size(), 3U);  // the table's description, its row, and what was published
  reader_.finish();
}

TEST_F(WindowTest, RelationsAreToldAsOfTheSnapshotAndNotLater) {
  reader_.open(std::nullopt);
  const auto before = reader_.to();
  reader_.finish();
  admin_.query("ALTER TABLE item ADD COLUMN extra int");
  reader_.open(before);
  const auto then = described_at(before);
  const auto now = described_at(reader_.to());
  reader_.finish();
  ASSERT_EQ(then.size(), 1U);
  ASSERT_EQ(now.size(), 1U);
  EXPECT_EQ(then.payloads().texts().find("extra"), std::string::npos);
  EXPECT_NE(now.payloads().texts().find("extra"), std::string::npos);
}

TEST_F(WindowTest, ATableThatIsNoLongerTrackedHasNoDescription) {
  reader_.open(std::nullopt);
  const auto before = reader_.to();
  reader_.finish();
  admin_.query("SELECT outbox.untrack('item')");
  reader_.open(std::nullopt);
  EXPECT_EQ(described_at(before).size(), 1U) << "it had one then";
  EXPECT_TRUE(described_at(before, true).empty()) << "but a new replica does not need it";
  EXPECT_TRUE(described_at(reader_.to()).empty());
  reader_.finish();
}

TEST_F(WindowTest, ATableIsDescribedUnderTheNameThatItHadAtTheSnapshotOnly) {
  reader_.open(std::nullopt);
  const auto before = reader_.to();
  reader_.finish();
  admin_.query("ALTER TABLE item RENAME TO thing; CREATE TABLE item (id int PRIMARY KEY)");
  reader_.open(std::nullopt);
  EXPECT_EQ(described_at(before).topic_names(), std::vector<std::string>{"public.item"});
  EXPECT_EQ(described_at(reader_.to()).topic_names(), std::vector<std::string>{"public.thing"});
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
  const auto begins_now = subscribed("never_loads", "now");
  WindowReader never_loads(source_, begins_now);
  EXPECT_EQ(changes_without_content(never_loads), 1);
}

// What await_durable() is for: see await_flushed().
TEST(DurableSnapshot, TransactionIdsThatACursorCoversAreNotHandedOutAgainAfterACrash) {
  test::Cluster cluster({.settings = {"wal_writer_delay=10s", "checkpoint_timeout=1h"}});
  const auto conninfo = cluster.create_database();
  TransactionId covered_up_to = 0;
  {
    postgres::Connection admin(conninfo, "test");
    migrations::migrate(admin);
    auto source = connect_to_source(conninfo, "test");
    admin.query("SELECT outbox.subscribe('s')");
    const auto subscription = find_subscription(source, "s");
    WindowReader reader(source, subscription);
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
