#include "producer/window_reader.hpp"

#include <thread>

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;

// One FETCH holds at most this many events, and payloads above the inline limit are fetched one by one, so
// that a FETCH is bounded by their product. octet_length() of a stored text does not detoast it.
constexpr int events_per_fetch = 2000;
constexpr int inline_payload_bytes = 8192;

// How long to wait for the source's own commits to flush the WAL before we ask for a flush ourselves.
constexpr milliseconds flush_patience{5};

std::string transaction_list(std::span<const TransactionId> transactions) {
  std::string text = "{";
  for (const auto transaction : transactions) {
    if (text.size() > 1) text += ',';
    text += std::to_string(transaction);
  }
  return text + "}";
}

// Not visible in snapshot $1/$2 (its xmax and xip). What became visible since is left to MVCC.
constexpr auto beyond_from =
    "(txid >= $1::xid8 OR txid = ANY ($2::xid8[])) AND ($3::text[] IS NULL OR topic = ANY ($3))";

// A change that was captured without its content cannot be applied, unless the table has been tracked again
// since: then the replica loads it ($4), and what the change was no longer matters. $5 is the window's end.
constexpr auto healed_by_load =
    " AND NOT ($4::boolean AND payload IS NULL AND op IN ('I', 'U', 'D') AND EXISTS (SELECT FROM "
    "outbox.relation r"
    " WHERE r.topic = event.topic AND r.event_id > event.id AND (r.description->>'load')::boolean"
    " AND pg_visible_in_snapshot(r.txid, $5::pg_snapshot)))";

// Every table that was ever tracked has described itself there.
constexpr auto published = " AND NOT EXISTS (SELECT FROM outbox.relation r WHERE r.topic = event.topic)";

constexpr auto after_last_read = " AND id > $6::bigint AND txid < $7::xid8 AND txid <> ALL ($8::xid8[])";

postgres::Params beyond(const Snapshot& from, const std::optional<std::string>& topics) {
  return {std::to_string(from.xmax()), transaction_list(from.in_progress()), topics};
}

std::vector<std::string> first_column(const postgres::Rows& rows) {
  std::vector<std::string> texts;
  for (int row = 0; row < rows.size(); ++row) texts.emplace_back(rows.text(row, 0));
  return texts;
}

constexpr auto snapshot_query =
    "SELECT pg_current_snapshot(), pg_current_wal_insert_lsn(),"
    " pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn()";

}  // namespace

WindowReader::WindowReader(postgres::Connection& connection, const Subscription& subscription)
    : connection_(connection),
      subscription_(subscription),
      topics_(topics_parameter(subscription)),
      selection_query_("coalesce((SELECT version FROM outbox.selection WHERE subscription = " +
                       std::to_string(subscription.id) + "), 0)") {}

WindowReader::~WindowReader() = default;

WindowReader::Poll WindowReader::poll(const Snapshot& from) {
  const auto sql = std::string("SELECT pg_current_snapshot(), EXISTS (SELECT FROM outbox.event WHERE ") +
                   beyond_from + "), pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn(), " +
                   selection_query_;
  const auto rows = connection_.query(sql, beyond(from, topics_));
  require_same_selection(rows, 3);
  return {Snapshot::parse(rows.text(0, 0)), rows.boolean(0, 1), rows.boolean(0, 2)};
}

void WindowReader::begin() {
  transaction_.reset();
  transaction_.emplace(connection_, postgres::Transaction::Kind::RepeatableReadOnly,
                       std::string(snapshot_query) + ", " + selection_query_);
  require_same_selection(transaction_->first_rows(), 3);
  opened_at_ = std::chrono::steady_clock::now();
  has_cursor_ = false;
}

void WindowReader::require_same_selection(const postgres::Rows& rows, int column) const {
  if (rows.int64(0, column) != subscription_.selection)
    throw SessionEnded("what the subscription receives has been changed");
}

void WindowReader::require_same_selection() {
  require_same_selection(connection_.query("SELECT " + selection_query_), 0);
}

void WindowReader::open(const std::optional<Snapshot>& from, Events events) {
  begin();
  const auto& rows = transaction_->first_rows();
  from_ = from;
  events_ = events;
  to_ = Snapshot::parse(rows.text(0, 0));
  write_ahead_end_ = rows.text(0, 1);
  durable_ = rows.boolean(0, 2);
  was_suspended_ = false;
  exhausted_ = !from.has_value();
  last_id_ = 0;
  rows_.reset();
  next_row_ = 0;
}

// In the first transaction of a window MVCC decides what is not beyond `to`. A transaction that continues a
// suspended window sees more than `to` did, so there the same rule has to be spelled out.
void WindowReader::declare() {
  static const auto all =
      std::string(
          "DECLARE outbox_window NO SCROLL CURSOR FOR SELECT id, txid, topic, op,"
          " octet_length(payload::text), CASE WHEN octet_length(payload::text) <= ") +
      std::to_string(inline_payload_bytes) +
      " THEN payload END, op = 'R' AND (payload->>'load')::boolean FROM outbox.event WHERE " + beyond_from +
      healed_by_load;
  auto params = beyond(*from_, topics_);
  params.insert(params.end(),
                {subscription_.start == Subscription::Start::Load ? "true" : "false", to_.to_string()});
  if (was_suspended_) {
    params.insert(params.end(), {std::to_string(last_id_), std::to_string(to_.xmax()),
                                 transaction_list(to_.in_progress())});
  }
  auto sql = all;
  if (events_ == Events::PublishedOnly) sql += published;
  if (was_suspended_) sql += after_last_read;
  connection_.query(sql + " ORDER BY id", params);
  has_cursor_ = true;
}

bool WindowReader::fetch() {
  if (!transaction_) begin();
  if (!has_cursor_) declare();
  static const auto sql = "FETCH " + std::to_string(events_per_fetch) + " FROM outbox_window";
  rows_.emplace(connection_.query(sql));
  next_row_ = 0;
  exhausted_ = rows_->size() < events_per_fetch;
  if (!rows_->empty()) last_id_ = rows_->uint64(rows_->size() - 1, 0);
  return !rows_->empty();
}

bool WindowReader::fill(EventBatch& batch, std::size_t target_bytes, std::vector<LoadNeeded>& loads) {
  while (batch.bytes() < target_bytes) {
    if (!rows_ || next_row_ == rows_->size()) {
      rows_.reset();
      if (exhausted_ || !fetch()) return false;
    }
    const auto& rows = *rows_;
    const int row = next_row_++;
    Event event{rows.uint64(row, 0), rows.uint64(row, 1), rows.text(row, 2),
                static_cast<Op>(rows.text(row, 3).front()), rows.text(row, 5)};
    std::string large;
    if (rows.is_null(row, 5) && !rows.is_null(row, 4)) {
      if (!transaction_) begin();
      large = payload_of(event.transaction, event.id);
      event.payload = large;
    }
    if (rows.boolean(row, 6)) loads.push_back({std::string(event.topic)});
    std::string cut;
    batch.add(subscription_.columns.cut(event, cut));
  }
  return true;
}

std::string WindowReader::payload_of(TransactionId transaction, EventId id) {
  const auto rows =
      connection_.query("SELECT payload FROM outbox.event WHERE txid = $1::xid8 AND id = $2::bigint",
                        {std::to_string(transaction), std::to_string(id)});
  return std::string(rows.text(0, 0));
}

milliseconds WindowReader::open_for() const {
  if (!transaction_) return milliseconds(0);
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - opened_at_);
}

void WindowReader::suspend() {
  if (!transaction_) return;
  transaction_->rollback();
  transaction_.reset();
  was_suspended_ = true;
}

void WindowReader::finish() {
  if (transaction_) transaction_->rollback();  // nothing was written; a failed load chunk may have aborted it
  transaction_.reset();
}

// Why a snapshot must be durable before it becomes a cursor.
//
// A snapshot covers every transaction below its xmax that had ended, and an end becomes visible before it is
// safely on disk: a rollback is never flushed on its own, nor is a commit with synchronous_commit off. If the
// server crashes at that moment, recovery restarts the transaction counter after the last id that the WAL
// mentions, and may hand out ids again that the snapshot covers. A replica that had stored the snapshot would
// take the new transactions for old ones and skip their events without a word.
//
// Every end of a transaction writes a WAL record before it becomes visible. So once the WAL is flushed up to
// where it ended when the snapshot was taken, no covered id can come back. Usually the next commit on the
// source has flushed it long before we ask; on a quiet source we flush it ourselves, with a WAL message that
// touches no table.
void WindowReader::await_durable() {
  const auto flushed = [this] {
    const auto rows =
        connection_.query("SELECT pg_current_wal_flush_lsn() >= $1::pg_lsn", {write_ahead_end_});
    return rows.boolean(0, 0);
  };
  const auto deadline = std::chrono::steady_clock::now() + flush_patience;
  while (!durable_ && !(durable_ = flushed())) {
    if (std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(milliseconds(1));
      continue;
    }
    postgres::Transaction flush(connection_, postgres::Transaction::Kind::ReadWrite);
    flush.query("SET LOCAL synchronous_commit = local");
    flush.query("SELECT pg_logical_emit_message(true, 'mailboat', 'flush')");
    flush.commit();
  }
}

EventBatch WindowReader::relations_at(const Snapshot& snapshot, bool tracked_only) {
  const auto rows = connection_.query(
      "SELECT DISTINCT ON (topic) event_id, txid, topic, description FROM outbox.relation"
      " WHERE pg_visible_in_snapshot(txid, $1::pg_snapshot) AND ($2::text[] IS NULL OR topic = ANY ($2))"
      " AND (NOT $3::boolean OR topic IN (SELECT topic FROM outbox.tracked)) ORDER BY topic, event_id DESC",
      {snapshot.to_string(), topics_, tracked_only ? "true" : "false"});
  EventBatch batch;
  for (int row = 0; row < rows.size(); ++row) {
    std::string cut;
    batch.add(subscription_.columns.cut(
        {rows.uint64(row, 0), rows.uint64(row, 1), rows.text(row, 2), Op::Relation, rows.text(row, 3)}, cut));
  }
  return batch;
}

std::vector<std::string> WindowReader::tracked_topics() {
  const auto rows = connection_.query(
      "SELECT topic FROM outbox.tracked WHERE $1::text[] IS NULL OR topic = ANY ($1) ORDER BY topic",
      {topics_});
  return first_column(rows);
}

std::vector<std::string> WindowReader::topics_widened_since(const Snapshot& cursor) {
  const auto rows = connection_.query(
      "SELECT w.key FROM outbox.selection x CROSS JOIN LATERAL jsonb_each_text(x.widened) w"
      " JOIN outbox.tracked t ON t.topic = w.key WHERE x.subscription = $1::int"
      " AND ($2::text[] IS NULL OR t.topic = ANY ($2))"
      " AND NOT pg_visible_in_snapshot(w.value::xid8, $3::pg_snapshot) ORDER BY w.key",
      {std::to_string(subscription_.id), topics_, cursor.to_string()});
  return first_column(rows);
}

}  // namespace mailboat::producer
