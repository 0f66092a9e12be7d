#include "producer/relation_reader.hpp"

#include <limits>

namespace mailboat::producer {
namespace {

constexpr auto relations_query = R"sql(
SELECT last.event_id, last.txid, last.topic, last.description
FROM (SELECT DISTINCT ON (r.topic) r.* FROM outbox.relation r
      WHERE pg_visible_in_snapshot(r.txid, $1::pg_snapshot) AND ($2::text[] IS NULL OR r.topic = ANY ($2))
      ORDER BY r.topic, r.event_id DESC) last
WHERE NOT last.dropped
  AND NOT EXISTS (SELECT FROM outbox.relation n
                  WHERE n.renamed_from = last.topic AND n.event_id > last.event_id
                    AND pg_visible_in_snapshot(n.txid, $1::pg_snapshot))
  AND (NOT $3::boolean OR last.topic IN (SELECT t.topic FROM outbox.tracked t))
ORDER BY last.topic
)sql";

constexpr auto since_query = R"sql(
SELECT r.event_id, r.txid, r.topic, r.description, r.renamed_from, (r.description->>'load')::boolean, r.dropped
FROM outbox.relation r
WHERE NOT pg_visible_in_snapshot(r.txid, $1::pg_snapshot) AND ($2::text[] IS NULL OR r.topic = ANY ($2))
ORDER BY r.event_id
)sql";

constexpr auto changes_query = R"sql(
SELECT r.event_id, r.txid, coalesce(r.late_until, '0'), r.topic, r.renamed_from, (r.description->>'load')::boolean, r.dropped
FROM outbox.relation r
WHERE (r.renamed_from IS NOT NULL OR r.dropped OR r.unlocked) AND (r.unlocked OR NOT $2::boolean)
  AND pg_visible_in_snapshot(r.txid, $1::pg_snapshot)
ORDER BY r.event_id
)sql";

Event event_of(const postgres::Rows& rows, int row) {
  return {rows.uint64(row, 0), rows.uint64(row, 1), rows.text(row, 2), Op::Relation, rows.text(row, 3)};
}

std::vector<std::string> still_taken(const postgres::Rows& rows, const TakenTopics& taken) {
  constexpr auto now = static_cast<EventId>(std::numeric_limits<std::int64_t>::max());
  std::vector<std::string> topics;
  for (int row = 0; row < rows.size(); ++row) {
    if (taken.takes(rows.text(row, 0), now)) topics.emplace_back(rows.text(row, 0));
  }
  return topics;
}

}  // namespace

EventBatch relations_at(postgres::Connection& connection, const Subscription& subscription,
                        const TakenTopics& taken, const Snapshot& snapshot, bool still_tracked) {
  const auto rows = connection.query(relations_query,
                                     {snapshot.to_string(), taken.names(), still_tracked ? "true" : "false"});
  EventBatch batch;
  for (int row = 0; row < rows.size(); ++row) {
    const auto event = event_of(rows, row);
    std::string cut;
    if (taken.takes(event.topic, event.id)) batch.add(subscription.columns.cut(event, cut));
  }
  return batch;
}

RelationsSince relations_since(postgres::Connection& connection, const Subscription& subscription,
                               const TakenTopics& taken, const Snapshot& snapshot) {
  const auto rows = connection.query(since_query, {snapshot.to_string(), taken.names()});
  RelationsSince since;
  for (int row = 0; row < rows.size(); ++row) {
    const auto event = event_of(rows, row);
    if (!taken.takes(event.topic, event.id)) continue;
    std::string cut;
    since.events.add(subscription.columns.cut(event, cut));
    since.changes.push_back({std::string(event.topic), std::string(rows.text(row, 4)), rows.boolean(row, 5),
                             rows.boolean(row, 6)});
  }
  return since;
}

KnownChanges changes_before(postgres::Connection& connection, const Snapshot& snapshot, bool unlocked_only) {
  const auto rows = connection.query(changes_query, {snapshot.to_string(), unlocked_only ? "true" : "false"});
  KnownChanges changes;
  for (int row = 0; row < rows.size(); ++row) {
    changes.add({rows.uint64(row, 0),
                 rows.uint64(row, 1),
                 rows.uint64(row, 2),
                 {std::string(rows.text(row, 3)), std::string(rows.text(row, 4)), rows.boolean(row, 5),
                  rows.boolean(row, 6)}});
  }
  return changes;
}

std::vector<std::string> tracked_topics(postgres::Connection& connection, const TakenTopics& taken) {
  return still_taken(connection.query("SELECT topic FROM outbox.tracked ORDER BY topic"), taken);
}

std::vector<std::string> topics_widened_since(postgres::Connection& connection,
                                              const Subscription& subscription, const TakenTopics& taken,
                                              const Snapshot& cursor) {
  const auto rows = connection.query(
      "SELECT w.key FROM outbox.selection x CROSS JOIN LATERAL jsonb_each_text(x.widened) w"
      " JOIN outbox.tracked t ON t.topic = w.key WHERE x.subscription = $1::int"
      " AND NOT pg_visible_in_snapshot(w.value::xid8, $2::pg_snapshot) ORDER BY w.key",
      {std::to_string(subscription.id), cursor.to_string()});
  return still_taken(rows, taken);
}

}  // namespace mailboat::producer
