#include "producer/subscription.hpp"

#include <map>

#include "producer/outside_text.hpp"
#include "producer/source.hpp"

namespace mailboat::producer {
namespace {

constexpr std::size_t trouble_limit = 2000;

// classid of the subscriptions' advisory locks; the objid is the subscription's id. `mailboat status` looks
// for it.
constexpr auto lock_query = "SELECT pg_try_advisory_lock(1835162485, $1::int)";

// A shared lock that nobody waits for says in pg_locks whom a connection serves. Two replicas with the same
// hash could end each other's sessions on one subscription, which would cost a moment.
constexpr auto announce_query = "SELECT pg_advisory_lock_shared(1835162487, hashtext($1))";

// pg_locks shows the two halves of such a key as oids (manual, "pg_locks").
constexpr auto end_query = R"sql(
SELECT held.pid, pg_terminate_backend(held.pid)
FROM pg_locks held JOIN pg_locks serves ON serves.pid = held.pid AND serves.database = held.database
WHERE held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND held.locktype = 'advisory' AND held.granted AND held.objsubid = 2
  AND held.classid = 1835162485 AND held.objid = $1::oid
  AND serves.locktype = 'advisory' AND serves.granted AND serves.objsubid = 2
  AND serves.classid = 1835162487 AND serves.objid = (hashtext($2)::bigint & 4294967295)::oid
)sql";

Subscription::Start parse_start(std::string_view text) {
  if (text == "now") return Subscription::Start::Now;
  if (text == "earliest") return Subscription::Start::Earliest;
  return Subscription::Start::Load;
}

std::optional<std::vector<std::string>> read_topics(postgres::Connection& connection,
                                                    const std::string& name) {
  const auto rows = connection.query(
      "SELECT topic FROM outbox.subscription, unnest(topics) AS topic WHERE name = $1", {name});
  std::vector<std::string> topics;
  for (int row = 0; row < rows.size(); ++row) topics.emplace_back(rows.text(row, 0));
  return topics;
}

// Those of the table that had the name after event `after` and up to event `through`.
std::vector<ColumnCut::Rename> read_renames(postgres::Connection& connection, const std::string& topic,
                                            EventId after, EventId through) {
  const auto rows = connection.query(
      "SELECT through_id, old_name, new_name FROM outbox.column_rename WHERE topic = $1"
      " ORDER BY through_id DESC",
      {topic});
  std::vector<ColumnCut::Rename> renames;
  for (int row = 0; row < rows.size(); ++row) {
    const auto at = rows.uint64(row, 0);
    if (after < at && at <= through)
      renames.push_back({at, std::string(rows.text(row, 1)), std::string(rows.text(row, 2))});
  }
  return renames;
}

ColumnCut read_columns(postgres::Connection& connection, std::int32_t subscription) {
  const auto rows = connection.query(
      "SELECT list.topic, list.through_id, name"
      " FROM (SELECT c.key AS topic, NULL AS through_id, c.value AS columns"
      "       FROM outbox.selection x CROSS JOIN LATERAL jsonb_each(x.columns) c WHERE x.subscription = "
      "$1::int"
      "       UNION ALL SELECT f.topic, f.through_id, f.columns FROM outbox.former_selection f"
      "       WHERE f.subscription = $1::int) list"
      " LEFT JOIN LATERAL jsonb_array_elements_text(list.columns) name ON true",
      {std::to_string(subscription)});
  std::map<std::string, std::map<EventId, Names>> lists;  // of each topic, by the event that they hold up to
  for (int row = 0; row < rows.size(); ++row) {
    const auto through = rows.is_null(row, 1) ? ColumnCut::always : rows.uint64(row, 1);
    auto& names = lists[std::string(rows.text(row, 0))][through];
    if (!rows.is_null(row, 2)) names.emplace(rows.text(row, 2));
  }
  ColumnCut columns;
  for (auto& [topic, periods] : lists) {
    EventId after = 0;
    for (auto& [through, names] : periods) {
      columns.restrict(topic, std::move(names), read_renames(connection, topic, after, through), through);
      after = through;
    }
  }
  return columns;
}

}  // namespace

// `selection` is read before what it stands for: whatever changes meanwhile, it is noticed (see
// WindowReader::open()).
Subscription find_subscription(postgres::Connection& connection, const std::string& name) {
  const auto rows = connection.query(
      "SELECT id, start, topics IS NULL, snapshot, acked_at IS NOT NULL, acked_event_id,"
      " CASE WHEN state = 'needs_load' THEN coalesce(load_required_at::text, '') END,"
      " coalesce(load_reason, ''), reset_cursor, coalesce((SELECT x.version FROM outbox.selection x"
      " WHERE x.subscription = s.id), 0) FROM outbox.subscription s WHERE name = $1",
      {name});
  if (rows.empty()) {
    throw SessionRefused(
        RefusalCode::UnknownSubscription,
        "there is no subscription '" + name + "'; create it with: mailboat subscribe " + name);
  }
  Subscription subscription{static_cast<std::int32_t>(rows.int64(0, 0)),
                            name,
                            parse_start(rows.text(0, 1)),
                            std::nullopt,
                            Snapshot::parse(rows.text(0, 3)),
                            rows.boolean(0, 4),
                            rows.uint64(0, 5),
                            rows.optional_text(0, 6),
                            std::string(rows.text(0, 7)),
                            rows.boolean(0, 8),
                            rows.int64(0, 9)};
  if (!rows.boolean(0, 2)) subscription.topics = read_topics(connection, name);
  if (subscription.selection > 0) subscription.columns = read_columns(connection, subscription.id);
  return subscription;
}

bool try_lock_subscription(postgres::Connection& connection, const Subscription& subscription) {
  return connection.query(lock_query, {std::to_string(subscription.id)}).boolean(0, 0);
}

void announce_replica(postgres::Connection& connection, const std::string& replica) {
  connection.query(announce_query, {replica});
}

std::optional<std::int64_t> end_session_of(postgres::Connection& connection, const Subscription& subscription,
                                           const std::string& replica) {
  const auto ended = connection.query(end_query, {std::to_string(subscription.id), replica});
  if (ended.empty()) return std::nullopt;
  return ended.int64(0, 0);
}

std::string trouble_text(std::string_view trouble) { return outside_text(trouble, trouble_limit); }

bool note_trouble(postgres::Connection& connection, std::int32_t subscription, const std::string& trouble) {
  const auto changed = connection.query(
      "UPDATE outbox.subscription SET trouble = nullif($2, ''), trouble_since = CASE WHEN $2 <> '' THEN "
      "now() END"
      " WHERE id = $1::int AND trouble IS DISTINCT FROM nullif($2, '') RETURNING id",
      {std::to_string(subscription), trouble});
  return !changed.empty();
}

}  // namespace mailboat::producer
