#include "bench/classic.hpp"

#include <array>
#include <future>
#include <stop_token>
#include <thread>

#include "bench/sqlite_alone.hpp"
#include "bench/stopwatch.hpp"
#include "common/channel_zmq.hpp"
#include "common/codec.hpp"
#include "common/error.hpp"
#include "consumer/open_database.hpp"
#include "consumer/table_schema.hpp"
#include "consumer/target_writer.hpp"

namespace mailboat::bench {
namespace {

constexpr int workers = 2;
constexpr std::chrono::milliseconds look_interval{100};

// The predicate of the index keeps it as small as what is still to be done.
constexpr auto tasks = R"sql(
DROP SCHEMA IF EXISTS classic CASCADE;
CREATE SCHEMA classic;
CREATE TABLE classic.task (
  id bigint PRIMARY KEY, topic text NOT NULL, op "char" NOT NULL, payload json NOT NULL,
  status text NOT NULL DEFAULT 'pending', created_at timestamptz NOT NULL);
INSERT INTO classic.task (id, topic, op, payload, created_at)
SELECT id, topic, op, payload, created_at FROM outbox.event WHERE op <> 'R' ORDER BY id;
CREATE INDEX ON classic.task (id) WHERE status = 'pending';
)sql";

constexpr auto statements = R"sql(
PREPARE claim AS SELECT id, topic, op, payload FROM classic.task WHERE status = 'pending'
ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED;
PREPARE complete(bigint[]) AS UPDATE classic.task SET status = 'completed' WHERE id = ANY ($1);
)sql";

struct Claim {
  Frame frame;
  std::string ids = "{";
};

Claim claim(postgres::Transaction& transaction) {
  Claim claimed;
  const auto rows = transaction.query("EXECUTE claim");
  for (int row = 0; row < rows.size(); ++row) {
    const auto id = rows.uint64(row, 0);
    claimed.frame.events.add(
        {id, id, rows.text(row, 1), static_cast<Op>(rows.text(row, 2).front()), rows.text(row, 3)});
    if (row > 0) claimed.ids += ',';
    claimed.ids += rows.text(row, 0);
  }
  claimed.ids += '}';
  return claimed;
}

void await_answer(Connection& consumer) {
  for (bool answered = false; !answered;) {
    consumer.receive(look_interval, [&](std::string_view) { answered = true; });
  }
}

/// Until nobody has anything to claim any more.
void work(const std::string& conninfo, const std::string& endpoint) {
  postgres::Connection connection(conninfo, "mailboat-bench");
  connection.query(statements);
  const auto consumer = connect_zmq(endpoint);
  for (;;) {
    postgres::Transaction transaction(connection, postgres::Transaction::Kind::ReadWrite);
    const auto claimed = claim(transaction);
    if (claimed.frame.events.empty()) return;
    consumer->send(encode(FromProducer(claimed.frame)));
    await_answer(*consumer);
    transaction.query("EXECUTE complete('" + claimed.ids + "')");
    transaction.commit();
  }
}

class Consumer {
 public:
  Consumer(const std::string& file, const consumer::Relation& relation, const std::string& endpoint)
      : database_(file, SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX),
        decoder_(relation.columns),
        columns_(relation.columns.size()),
        writer_(database_, consumer::mirror(relation, consumer::table_name(relation))),
        listener_(listen_zmq(endpoint)) {
    consumer::use_write_ahead_log(database_);
    consumer::enable_value_rows(database_);
  }

  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      listener_->receive(look_interval, {[this](const Incoming& incoming) {
                                           apply(incoming.bytes);
                                           listener_->send(incoming.peer, "applied");
                                         },
                                         [](const PeerId&) {}});
    }
  }

 private:
  // All are new rows, and inserted together like those that mailboat's consumer gets.
  void apply(std::string_view bytes) {
    const auto frame = std::get<Frame>(decode_from_producer(bytes));
    const auto& buffer = frame.events.payloads().texts();
    values_.resize(frame.events.size() * columns_);
    texts_.clear();
    std::vector<consumer::ValueRow> rows;
    frame.events.for_each([&](const Event& event) {
      const auto values = std::span(values_).subspan(rows.size() * columns_, columns_);
      decoder_.decode(event.payload, buffer.data() + buffer.size(), values, texts_);
      rows.push_back({values, static_cast<std::int64_t>(event.id)});
    });
    SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
    if (writer_.insert(rows) < rows.size()) throw Error("the classic way met a row that was there already");
    transaction.commit();
  }

  SQLite::Database database_;
  consumer::RowDecoder decoder_;
  std::size_t columns_;
  std::vector<consumer::Value> values_;
  consumer::TextArena texts_;
  consumer::TargetWriter writer_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace

void Classic::make_tasks() {
  feed_.sql().query(tasks);
  feed_.sql().query("VACUUM ANALYZE classic.task");
  feed_.sql().query("CHECKPOINT");
}

double Classic::drain() {
  const auto file = feed_.folder() / "classic.db";
  const auto endpoint = "ipc://" + (feed_.folder() / "classic").string();
  make_replica(file, table_);
  Consumer consumer(file, table_.relation, endpoint);
  // Before the workers, so that it serves until they have ended.
  std::jthread consuming([&](const std::stop_token& stop) { consumer.serve(stop); });
  const Stopwatch watch;
  std::array<std::future<void>, workers> working;
  for (auto& worker : working) {
    worker = std::async(std::launch::async, work, feed_.conninfo(), endpoint);
  }
  for (auto& worker : working) worker.get();
  return watch.seconds();
}

void Classic::measure(const std::string& part, std::uint64_t rows, Figures& figures) {
  make_tasks();
  const auto count = feed_.sql().query("SELECT count(*) FROM classic.task").int64(0, 0);
  figures.add(part, "classic", "events/s", static_cast<double>(count) / drain());
  const auto file = feed_.folder() / "classic.db";
  require_rows(file, consumer::table_name(table_.relation), rows);
  remove_database(file);
}

}  // namespace mailboat::bench
