#include "producer/operation_status.hpp"

#include <charconv>
#include <numeric>

#include "common/error.hpp"

namespace mailboat {
namespace {

std::string utc(const std::string& column) {
  return "to_char(" + column + " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')";
}

// The advisory lock by which a producer holds a subscription: see subscription_status.cpp. Loads and
// verifications of a subscription are done one after the other.
const std::string operation_columns =
    "SELECT o.id, o.subscription, o.kind, o.status, o.repair, o.requested_by, " + utc("o.requested_at") +
    ", " + utc("o.started_at") + ", " + utc("o.finished_at") +
    R"sql(, o.cancelled_by, o.error, extract(epoch FROM statement_timestamp() - o.requested_at),
       EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
               WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database()
                 AND l.classid = 1835162485 AND l.objid = s.id AND l.objsubid = 2),
       s.trouble,
       (SELECT min(b.id) FROM outbox.operation b
        WHERE b.subscription = o.subscription AND b.id < o.id AND b.status IN ('requested', 'running')
          AND (b.kind = 'replay') = (o.kind = 'replay'))
FROM outbox.operation o JOIN outbox.subscription s ON s.name = o.subscription
)sql";

// A table that has not begun has the planner's estimate already.
const std::string table_query =
    "SELECT t.topic, t.status, t.rows, t.missing, t.extra, t.different, t.repaired, t.snapshot, " +
    utc("t.started_at") + ", " + utc("t.finished_at") +
    R"sql(, coalesce(extract(epoch FROM coalesce(t.finished_at, statement_timestamp()) - t.started_at), 0),
       t.error, greatest(t.estimated_rows, CASE WHEN t.status = 'requested' THEN
         (SELECT sum(leaf.reltuples)::bigint FROM outbox.tracked k JOIN pg_class leaf
            ON leaf.oid = k.relation OR leaf.oid IN (SELECT relid FROM pg_partition_tree(k.relation) WHERE isleaf)
          WHERE k.topic = t.topic AND leaf.relkind <> 'p' AND leaf.reltuples > 0) END)
FROM outbox.operation_table t WHERE t.operation = $1::bigint ORDER BY t.place
)sql";

const std::string replay_query =
    "SELECT r.from_id, r.to_id, " + utc("r.since") + ", " + utc("r.until") +
    R"sql(, r.topic, r.key, r.rate, r.last_id, r.sent, r.applied, r.superseded, r.rejected,
       coalesce(extract(epoch FROM coalesce(o.finished_at, statement_timestamp()) - o.started_at), 0)
FROM outbox.replay r JOIN outbox.operation o ON o.id = r.operation WHERE r.operation = $1::bigint
)sql";

constexpr auto replay_error_query =
    "SELECT e.event_id, e.error FROM outbox.replay r, jsonb_to_recordset(r.errors) e(event_id bigint, error "
    "text) WHERE r.operation = $1::bigint ORDER BY e.event_id";

// A row for each column, or one for a difference without.
constexpr auto difference_query = R"sql(
SELECT d.topic, d.position, d.kind, d.key, d.repaired, d.error, c.name
FROM outbox.difference d
JOIN outbox.operation_table t ON t.operation = d.operation AND t.topic = d.topic
LEFT JOIN LATERAL unnest(d.columns) WITH ORDINALITY c(name, place) ON true
WHERE d.operation = $1::bigint ORDER BY t.place, d.position, c.place
)sql";

double number(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::optional<std::int64_t> optional_int64(const postgres::Rows& rows, int row, int column) {
  if (rows.is_null(row, column)) return std::nullopt;
  return rows.int64(row, column);
}

OperationStatus read_row(const postgres::Rows& rows, int row) {
  OperationStatus operation;
  operation.id = rows.int64(row, 0);
  operation.subscription = rows.text(row, 1);
  operation.kind = rows.text(row, 2);
  operation.status = rows.text(row, 3);
  operation.repair = rows.boolean(row, 4);
  operation.requested_by = rows.text(row, 5);
  operation.requested_at = rows.text(row, 6);
  operation.started_at = rows.optional_text(row, 7);
  operation.finished_at = rows.optional_text(row, 8);
  operation.cancelled_by = rows.optional_text(row, 9);
  operation.error = rows.optional_text(row, 10);
  operation.seconds_since_request = number(rows.text(row, 11));
  operation.connected = rows.boolean(row, 12);
  operation.trouble = rows.optional_text(row, 13);
  operation.waits_for = optional_int64(rows, row, 14);
  return operation;
}

std::vector<TableStatus> read_tables(postgres::Transaction& transaction, const std::string& operation) {
  const auto rows = transaction.query(table_query, {operation});
  std::vector<TableStatus> tables;
  for (int row = 0; row < rows.size(); ++row) {
    TableStatus table;
    table.topic = rows.text(row, 0);
    table.status = rows.text(row, 1);
    table.rows = rows.int64(row, 2);
    table.missing = rows.int64(row, 3);
    table.extra = rows.int64(row, 4);
    table.different = rows.int64(row, 5);
    table.repaired = rows.int64(row, 6);
    table.snapshot = rows.optional_text(row, 7);
    table.started_at = rows.optional_text(row, 8);
    table.finished_at = rows.optional_text(row, 9);
    table.running_seconds = number(rows.text(row, 10));
    table.error = rows.optional_text(row, 11);
    table.estimated_rows = rows.int64(row, 12);
    tables.push_back(std::move(table));
  }
  return tables;
}

ReplayStatus read_replay(postgres::Transaction& transaction, const std::string& operation) {
  const auto rows = transaction.query(replay_query, {operation});
  ReplayStatus replay;
  replay.from_id = optional_int64(rows, 0, 0);
  replay.to_id = optional_int64(rows, 0, 1);
  replay.since = rows.optional_text(0, 2);
  replay.until = rows.optional_text(0, 3);
  replay.topic = rows.optional_text(0, 4);
  replay.key = rows.optional_text(0, 5);
  if (!rows.is_null(0, 6)) replay.rate = number(rows.text(0, 6));
  replay.last_id = rows.int64(0, 7);
  replay.sent = rows.int64(0, 8);
  replay.applied = rows.int64(0, 9);
  replay.superseded = rows.int64(0, 10);
  replay.rejected = rows.int64(0, 11);
  replay.running_seconds = number(rows.text(0, 12));
  const auto errors = transaction.query(replay_error_query, {operation});
  for (int row = 0; row < errors.size(); ++row) {
    replay.errors.push_back({errors.int64(row, 0), std::string(errors.text(row, 1))});
  }
  return replay;
}

// `which`: WHERE and ORDER BY.
std::vector<OperationStatus> read(postgres::Connection& connection, const std::string& which,
                                  const postgres::Params& params) {
  postgres::Transaction transaction(connection, postgres::Transaction::Kind::RepeatableReadOnly);
  const auto rows = transaction.query(operation_columns + which, params);
  std::vector<OperationStatus> all;
  for (int row = 0; row < rows.size(); ++row) {
    auto operation = read_row(rows, row);
    const auto id = std::to_string(operation.id);
    if (operation.kind == "replay") {
      operation.replay = read_replay(transaction, id);
    } else {
      operation.tables = read_tables(transaction, id);
    }
    all.push_back(std::move(operation));
  }
  transaction.rollback();
  return all;
}

}  // namespace

std::int64_t OperationStatus::differences() const {
  return std::accumulate(tables.begin(), tables.end(), std::int64_t{0},
                         [](auto sum, const auto& table) { return sum + table.differences(); });
}

std::int64_t OperationStatus::repaired() const {
  return std::accumulate(tables.begin(), tables.end(), std::int64_t{0},
                         [](auto sum, const auto& table) { return sum + table.repaired; });
}

bool OperationStatus::is_well() const {
  return status == "completed" && differences() == repaired() && (!replay || replay->rejected == 0);
}

OperationStatus read_operation(postgres::Connection& connection, std::int64_t id) {
  auto found = read(connection, "WHERE o.id = $1::bigint", {std::to_string(id)});
  if (found.empty())
    throw Error("there is no operation " + std::to_string(id) + ". mailboat operation lists the last ones");
  return std::move(found.front());
}

std::vector<OperationStatus> read_open_operations(postgres::Connection& connection) {
  return read(connection, "WHERE o.status IN ('requested', 'running') ORDER BY o.subscription, o.id", {});
}

std::vector<OperationStatus> read_last_operations(postgres::Connection& connection, std::int64_t limit) {
  return read(connection, "ORDER BY o.id DESC LIMIT $1::bigint", {std::to_string(limit)});
}

std::vector<DifferenceStatus> read_differences(postgres::Connection& connection, std::int64_t operation) {
  const auto rows = connection.query(difference_query, {std::to_string(operation)});
  std::vector<DifferenceStatus> all;
  for (int row = 0; row < rows.size(); ++row) {
    const bool same =
        row > 0 && rows.text(row, 0) == rows.text(row - 1, 0) && rows.text(row, 1) == rows.text(row - 1, 1);
    if (!same) {
      all.push_back({std::string(rows.text(row, 0)),
                     std::string(rows.text(row, 2)),
                     std::string(rows.text(row, 3)),
                     {},
                     rows.boolean(row, 4),
                     rows.optional_text(row, 5)});
    }
    if (!rows.is_null(row, 6)) all.back().columns.emplace_back(rows.text(row, 6));
  }
  return all;
}

}  // namespace mailboat
