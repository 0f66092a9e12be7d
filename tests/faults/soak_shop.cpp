#include "tests/faults/soak_shop.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <array>
#include <fstream>
#include <utility>

#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

// An order's number says whether the replica can have it: see prepare_replica().
constexpr auto schema = R"sql(
CREATE TABLE item (id int PRIMARY KEY, note text);
CREATE TABLE placed (order_id serial PRIMARY KEY);
CREATE TABLE undone (id serial PRIMARY KEY, order_id int);
SELECT outbox.track('item'), outbox.track('undone');
CREATE FUNCTION undo_order(subscription text, event_id bigint, payload json, error text) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$ INSERT INTO undone (order_id) VALUES ((payload ->> 'order_id')::int) $$;
SELECT outbox.on_failed('order_placed', 'undo_order(text, bigint, json, text)');
)sql";
constexpr auto quick_retries =
    "SELECT outbox.configure('replica', max_attempts => 3, retry_delay => '50 ms', retry_delay_max => '200 "
    "ms')";

// A query for a number, and what to say when it is not 0.
struct Check {
  const char* query;
  const char* complaint;
};
constexpr std::array source_checks{
    Check{"SELECT count(*) FROM outbox.rejection WHERE status NOT IN ('completed', 'failed')",
          "tasks have no end"},
    Check{"SELECT count(*) FROM outbox.task WHERE status = 'failed' AND topic NOT IN ('note_taken', "
          "'order_placed')",
          "tasks failed although the replica has been mended"},
    Check{"SELECT count(*) FROM placed p WHERE order_id % 13 = 0 AND"
          " (SELECT count(*) FROM undone u WHERE u.order_id = p.order_id) <> 1",
          "orders that the replica refuses were not undone exactly once"},
    Check{"SELECT count(*) FROM undone WHERE order_id % 13 <> 0", "good orders were undone"},
    Check{"SELECT count(*) FROM outbox.task WHERE topic = 'order_placed' AND"
          " ((payload ->> 'order_id')::int % 13 = 0) <> (status = 'failed')",
          "orders have not the status that their number calls for"},
    Check{"SELECT count(*) FROM outbox.task WHERE topic = 'note_taken' AND status <> 'failed'",
          "events without a route were not marked failed"},
    Check{"SELECT count(*) FROM (SELECT FROM outbox.rejection_history h JOIN outbox.rejection r USING "
          "(subscription,"
          " event_id) WHERE r.status = 'failed' GROUP BY h.event_id HAVING count(*) FILTER (WHERE what = "
          "'rejected')"
          " <> 1 OR count(*) FILTER (WHERE what = 'failed') <> 1) x",
          "failed tasks were not rejected once and marked once"},
    Check{"SELECT count(*) FROM outbox.rejection WHERE compensation_error IS NOT NULL",
          "compensations went wrong"},
};

std::string joined(const std::vector<SqliteReader::Row>& rows) {
  std::string text;
  for (const auto& row : rows) text += row.front().value_or("") + ' ';
  return text;
}

std::string good_orders(const Pipeline& pipeline) {
  return pipeline.value(
      "SELECT coalesce(string_agg(order_id || ' ', '' ORDER BY order_id), '') FROM placed WHERE order_id % "
      "13 <> 0");
}

}  // namespace

void shop::open(const Pipeline& pipeline) {
  pipeline.sql(schema);
  pipeline.sql("SELECT outbox.subscribe('replica')");
  pipeline.sql(quick_retries);
}

std::filesystem::path shop::prepare_replica(const Pipeline& pipeline) {
  SQLite::Database(pipeline.file().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec(
          "CREATE TABLE orders (order_id INTEGER PRIMARY KEY CHECK (order_id % 13 <> 0),"
          " _version INTEGER NOT NULL)");
  auto config = pipeline.folder() / "consumer.toml";
  std::ofstream(config) << "[[route]]\ntopic = \"order_placed\"\ntable = \"orders\"\nkey = [\"order_id\"]\n";
  return config;
}

bool shop::retry_what_can_succeed(const Pipeline& pipeline) {
  const auto left = pipeline.value("SELECT count(*) FROM outbox.rejection WHERE status = 'retrying'");
  const auto retried = pipeline.value(
      "SELECT coalesce(outbox.retry_failed('replica', array_agg(id), 'soak'), 0) FROM outbox.task"
      " WHERE status = 'failed' AND topic NOT IN ('note_taken', 'order_placed')");
  return left == "0" && retried == "0";
}

std::vector<std::string> shop::complaints(const Pipeline& pipeline) {
  std::vector<std::string> found;
  for (const auto& check : source_checks) {
    if (const auto count = pipeline.value(check.query); count != "0")
      found.push_back(count + ' ' + check.complaint);
  }
  const auto replica = pipeline.replica();
  if (const auto kept = replica.number("SELECT count(*) FROM _mailboat_rejection"); kept != 0) {
    found.push_back(std::to_string(kept) + " rejections are in SQLite still");
  }
  if (joined(replica.rows("SELECT order_id FROM orders ORDER BY 1")) != good_orders(pipeline)) {
    found.emplace_back("the orders in SQLite are not the good ones that were placed");
  }
  for (const auto& [table, columns] : {std::pair("item", "id, note"), std::pair("undone", "id, order_id")}) {
    if (const auto difference = pipeline.difference(table, columns); !difference.empty()) {
      found.push_back(std::string(table) + ": " + difference);
    }
  }
  return found;
}

std::string shop::figures(const Pipeline& pipeline) {
  return pipeline.value(
      "SELECT format('%s events, of them %s rejected: %s completed, %s failed, %s undone at the source; %s "
      "retries "
      "failed', (SELECT count(*) FROM outbox.event), count(*), count(*) FILTER (WHERE status = 'completed'),"
      " count(*) FILTER (WHERE status = 'failed'), count(compensated_at),"
      " (SELECT count(*) FROM outbox.rejection_history WHERE what = 'retry failed')) FROM outbox.rejection");
}

Clerk::Clerk(std::string conninfo, std::uint64_t seed)
    : conninfo_(std::move(conninfo)),
      random_(seed),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

void Clerk::work(const std::stop_token& stop) {
  const auto work_until_disconnected = [&] {
    try {
      postgres::Connection connection(conninfo_, "clerk");
      while (!stop.stop_requested()) commits_ += transact(connection) ? 1 : 0;
    } catch (const postgres::ConnectionLost&) {
      // The server has crashed. Whether a commit under way still counted is in its tables.
    }
    return stop.stop_requested();
  };
  eventually(work_until_disconnected, std::chrono::hours(24));
}

bool Clerk::transact(postgres::Connection& connection) {
  // A neighbourhood that moves on: what is wrong with a row is not mended by a later change of it.
  const std::string id = std::to_string(commits_ / 4 + pick(1, 60));
  const std::string more = std::to_string(pick(1, 5));
  postgres::Transaction transaction(connection, postgres::Transaction::Kind::ReadWrite);
  transaction.query("SELECT pg_sleep(0.002)");
  for (int changes = pick(1, 3); changes > 0; --changes) {
    switch (pick(1, 12)) {
      case 1:
        transaction.query("SELECT outbox.publish('note_taken', '{\"text\": \"nobody reads it\"}')");
        break;
      case 2:
      case 3:
        transaction.query(
            "WITH placed AS (INSERT INTO placed DEFAULT VALUES RETURNING order_id)"
            " SELECT outbox.publish('order_placed', json_build_object('order_id', order_id)) FROM placed");
        break;
      case 4:
      case 5:
        transaction.query("DELETE FROM item WHERE id BETWEEN $1::int AND $1::int + $2::int", {id, more});
        break;
      default:
        transaction.query(
            "INSERT INTO item SELECT n, 'note ' || n % 7 FROM generate_series($1::int, $1::int + $2::int) n"
            " ON CONFLICT (id) DO UPDATE SET note = item.note || '+'",
            {id, more});
    }
  }
  if (pick(1, 8) == 1) return false;
  transaction.commit();
  return true;
}

}  // namespace mailboat::test
