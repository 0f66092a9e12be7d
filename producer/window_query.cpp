#include "producer/window_query.hpp"

#include <span>

namespace mailboat::producer {
namespace {

// Larger payloads are fetched one by one, so that an answer is bounded.
constexpr auto inline_payload_bytes = "8192";

std::string transaction_list(std::span<const TransactionId> transactions) {
  std::string text = "{";
  for (const auto transaction : transactions) {
    if (text.size() > 1) text += ',';
    text += std::to_string(transaction);
  }
  return text + "}";
}

// A change that was captured without its content cannot be applied, unless the table has been tracked again
// since: then the replica loads it ($4), and what the change was no longer matters. $5 is the window's end.
constexpr auto healed_by_load =
    " AND NOT ($4::boolean AND payload IS NULL AND op IN ('I', 'U', 'D') AND EXISTS (SELECT FROM "
    "outbox.relation r"
    " WHERE event.topic IN (r.topic, r.renamed_from) AND r.event_id > event.id AND "
    "(r.description->>'load')::boolean"
    " AND pg_visible_in_snapshot(r.txid, $5::pg_snapshot)))";

// Every table that was ever tracked has described itself there.
constexpr auto published = " AND NOT EXISTS (SELECT FROM outbox.relation r WHERE r.topic = event.topic)";

// In the first transaction of a window MVCC decides what is not beyond `to`. A transaction that continues a
// suspended window sees more than `to` did, so there the same rule has to be spelled out.
constexpr auto after_last_read = " AND id > $8::bigint AND txid < $9::xid8 AND txid <> ALL ($10::xid8[])";

// Whether the payload is small enough to come along. A json value has to be printed to tell its length, which
// takes as long as sending it; so it is asked how it is stored, which tells the same unless it is compressed.
std::string is_inline(int server_version) {
  const std::string limit = inline_payload_bytes;
  const auto printed = "octet_length(payload::text) <= " + limit;
  const bool tells_compression = server_version >= 140000;  // pg_column_compression()
  return "pg_column_size(payload) <= " + limit + " AND " +
         (tells_compression ? "(pg_column_compression(payload) IS NULL OR " + printed + ")" : printed);
}

// In the order of EventColumn.
std::string event_columns(const Subscription& subscription, int server_version) {
  return "id, txid, topic, op, CASE WHEN " + is_inline(server_version) + " THEN payload END, " +
         (subscription.wants_times ? "(extract(epoch FROM created_at) * 1000000)::bigint" : "NULL");
}

// Not visible in snapshot $1/$2 (its xmax and xip). What became visible since is left to MVCC.
postgres::Params beyond(const Snapshot& from, const TakenTopics& taken) {
  return {std::to_string(from.xmax()), transaction_list(from.in_progress()), taken.names()};
}

// By the index whatever the statistics say: it has the order, so that few rows have to be looked at.
std::string some_events(const std::string& condition) {
  return "(SELECT id, txid, topic, op, payload, created_at FROM outbox.event WHERE " + condition +
         " ORDER BY txid, id LIMIT " + std::to_string(few_events + 1) + ")";
}

}  // namespace

std::string selection_of(const Subscription& subscription) {
  return "coalesce((SELECT version FROM outbox.selection WHERE subscription = " +
         std::to_string(subscription.id) + "), 0)";
}

// A parameter in a subquery of its own is nothing that the planner could plan for. So a plan made for certain
// values never seems better than one for all, and PostgreSQL keeps the latter after five executions. Source:
// PostgreSQL manual, PREPARE, "Notes".
//
// The two conditions exclude each other. One statement has one snapshot, and that is what
// pg_current_snapshot() tells in it; the rest of the subquery "seen" is evaluated after it was taken.
WindowQuery poll_query(const Subscription& subscription, const Snapshot& from, const TakenTopics& taken,
                       int server_version) {
  auto params = beyond(from, taken);
  std::string wanted;
  if (taken.names()) {
    wanted = " AND (topic = ANY ((SELECT $3::text[])::text[]) OR op = 'R')";
  } else {
    params.pop_back();
  }
  return {"SELECT " + event_columns(subscription, server_version) +
              ", seen.* FROM (SELECT pg_current_snapshot(), pg_current_wal_insert_lsn(),"
              " pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn(),"
              " (SELECT last_value FROM outbox.event_id), " +
              selection_of(subscription) + ") AS seen LEFT JOIN (" +
              some_events("txid >= (SELECT $1::xid8)" + wanted) + " UNION ALL " +
              some_events("txid = ANY ((SELECT $2::xid8[])::xid8[])" + wanted) +
              ") AS event ON true ORDER BY id",
          std::move(params)};
}

WindowQuery declare_window(const Subscription& subscription, const WindowPart& part, int server_version) {
  auto sql = "DECLARE outbox_window NO SCROLL CURSOR FOR SELECT " +
             event_columns(subscription, server_version) +
             " FROM outbox.event WHERE (txid >= $1::xid8 OR txid = ANY ($2::xid8[]))"
             " AND ($3::text[] IS NULL OR topic = ANY ($3))" +
             healed_by_load + " AND ($6::bigint IS NULL OR id >= $6) AND ($7::bigint IS NULL OR id < $7)";
  const auto text = [](const std::optional<EventId>& id) {
    return id ? std::optional(std::to_string(*id)) : std::nullopt;
  };
  auto params = beyond(part.from, part.taken);
  params.insert(params.end(), {subscription.start == Subscription::Start::Load ? "true" : "false",
                               part.to.to_string(), text(part.begin), text(part.end)});
  if (part.published_only) sql += published;
  if (part.goes_on_behind) {
    sql += after_last_read;
    params.insert(params.end(), {text(part.goes_on_behind), std::to_string(part.to.xmax()),
                                 transaction_list(part.to.in_progress())});
  }
  return {sql + " ORDER BY id", std::move(params)};
}

}  // namespace mailboat::producer
