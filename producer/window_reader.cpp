#include "producer/window_reader.hpp"

#include <algorithm>

#include "producer/durable_snapshot.hpp"
#include "producer/relation_reader.hpp"
#include "producer/window_slices.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;

// One FETCH holds at most this many events, and payloads above the inline limit are fetched one by one, so
// that a FETCH is bounded by their product. octet_length() of a stored text does not detoast it. Usual events
// of one FETCH fit into the socket's buffer: PostgreSQL has them ready while we send those before.
constexpr int events_per_fetch = 500;
constexpr int inline_payload_bytes = 8192;

std::string transaction_list(std::span<const TransactionId> transactions) {
  std::string text = "{";
  for (const auto transaction : transactions) {
    if (text.size() > 1) text += ',';
    text += std::to_string(transaction);
  }
  return text + "}";
}

// Not visible in snapshot $1/$2 (its xmax and xip). What became visible since is left to MVCC.
constexpr auto beyond_from = "(txid >= $1::xid8 OR txid = ANY ($2::xid8[]))";
constexpr auto taken_topic = "($3::text[] IS NULL OR topic = ANY ($3))";

// A change that was captured without its content cannot be applied, unless the table has been tracked again
// since: then the replica loads it ($4), and what the change was no longer matters. $5 is the window's end.
constexpr auto healed_by_load =
    " AND NOT ($4::boolean AND payload IS NULL AND op IN ('I', 'U', 'D') AND EXISTS (SELECT FROM "
    "outbox.relation r"
    " WHERE event.topic IN (r.topic, r.renamed_from) AND r.event_id > event.id AND "
    "(r.description->>'load')::boolean"
    " AND pg_visible_in_snapshot(r.txid, $5::pg_snapshot)))";

// In microseconds since 1970.
constexpr auto event_time = "(extract(epoch FROM created_at) * 1000000)::bigint";

// Every table that was ever tracked has described itself there.
constexpr auto published = " AND NOT EXISTS (SELECT FROM outbox.relation r WHERE r.topic = event.topic)";

constexpr auto in_slice = " AND ($6::bigint IS NULL OR id >= $6) AND ($7::bigint IS NULL OR id < $7)";
constexpr auto after_last_read = " AND id > $8::bigint AND txid < $9::xid8 AND txid <> ALL ($10::xid8[])";

postgres::Params beyond(const Snapshot& from, const TakenTopics& taken) {
  return {std::to_string(from.xmax()), transaction_list(from.in_progress()), taken.names()};
}

constexpr auto snapshot_query =
    "SELECT pg_current_snapshot(), pg_current_wal_insert_lsn(),"
    " pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn(), (SELECT last_value FROM outbox.event_id)";

}  // namespace

WindowReader::WindowReader(postgres::Connection& connection, const Subscription& subscription)
    : connection_(connection),
      subscription_(subscription),
      selection_query_("coalesce((SELECT version FROM outbox.selection WHERE subscription = " +
                       std::to_string(subscription.id) + "), 0)") {}

WindowReader::~WindowReader() = default;

WindowReader::Poll WindowReader::poll(const Snapshot& from) {
  const auto sql = std::string("SELECT pg_current_snapshot(), EXISTS (SELECT FROM outbox.event WHERE ") +
                   beyond_from + " AND (" + taken_topic +
                   " OR op = 'R')), pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn(), " +
                   selection_query_;
  const auto rows = connection_.query(sql, beyond(from, taken_));
  require_same_selection(rows, 3);
  return {Snapshot::parse(rows.text(0, 0)), rows.boolean(0, 1), rows.boolean(0, 2)};
}

void WindowReader::begin() {
  transaction_.reset();
  transaction_.emplace(connection_, postgres::Transaction::Kind::RepeatableReadOnly,
                       std::string(snapshot_query) + ", " + selection_query_);
  require_same_selection(transaction_->first_rows(), 4);
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
  taken_ = read_taken_topics(connection_, subscription_);
  if (from && !unlocked_) unlocked_ = changes_before(connection_, *from, true);
  slice(rows.uint64(0, 3));
}

// `last_id`: the last that was handed out when the window's snapshot was taken. Nearly all that is new since
// the window before has an id after what was the last one then.
void WindowReader::slice(EventId last_id) {
  bounds_.clear();
  slice_ = 0;
  if (from_) {
    if (!read_through_) read_through_ = first_id().value_or(last_id);
    const auto era = era_of(last_id);
    if (*read_through_ < era) {  // ids have left a tail meanwhile (see LogKeeper): there are none up to here
      bounds_ = slice_bounds(*read_through_, last_id_before(era));
      bounds_.push_back(era);
    }
    for (const auto bound : slice_bounds(std::max(*read_through_, era), last_id)) bounds_.push_back(bound);
  }
  read_through_ = last_id;
}

// About where the window's ids begin: a lower one may be of an older transaction that was still open.
std::optional<EventId> WindowReader::first_id() {
  const auto rows =
      connection_.query("SELECT id FROM outbox.event WHERE txid >= $1::xid8 ORDER BY txid, id LIMIT 1",
                        {std::to_string(from_->xmax())});
  return rows.empty() ? std::nullopt : std::optional(rows.uint64(0, 0));
}

// About where they end before `bound`.
EventId WindowReader::last_id_before(EventId bound) {
  const auto rows = connection_.query(
      "SELECT id FROM outbox.event WHERE txid >= $1::xid8 AND id < $2::bigint ORDER BY txid DESC, id DESC "
      "LIMIT 1",
      {std::to_string(from_->xmax()), std::to_string(bound)});
  return rows.empty() ? 0 : rows.uint64(0, 0);
}

// In the first transaction of a window MVCC decides what is not beyond `to`. A transaction that continues a
// suspended window sees more than `to` did, so there the same rule has to be spelled out.
void WindowReader::declare() {
  static const auto inline_limit = std::to_string(inline_payload_bytes);
  auto sql =
      "DECLARE outbox_window NO SCROLL CURSOR FOR SELECT id, txid, topic, op,"
      " CASE WHEN octet_length(payload::text) <= " +
      inline_limit +
      " THEN payload END,"
      " CASE WHEN octet_length(payload::text) > " +
      inline_limit + " THEN true END, " + (subscription_.wants_times ? event_time : "NULL") +
      " FROM outbox.event WHERE " + beyond_from + " AND " + taken_topic + healed_by_load;
  auto params = beyond(*from_, taken_);
  params.insert(params.end(),
                {subscription_.start == Subscription::Start::Load ? "true" : "false", to_.to_string()});
  const auto bound = [this](std::size_t number) {
    return number < bounds_.size() ? std::optional(std::to_string(bounds_[number])) : std::nullopt;
  };
  params.push_back(slice_ == 0 ? std::nullopt : bound(slice_ - 1));
  params.push_back(bound(slice_));
  if (was_suspended_) {
    params.insert(params.end(), {std::to_string(last_id_), std::to_string(to_.xmax()),
                                 transaction_list(to_.in_progress())});
  }
  sql += in_slice;
  if (events_ == Events::PublishedOnly) sql += published;
  if (was_suspended_) sql += after_last_read;
  connection_.query(sql + " ORDER BY id", params);
  has_cursor_ = true;
}

// While the caller works on these rows, PostgreSQL prepares the next.
bool WindowReader::fetch() {
  do {
    if (!is_fetching_) send_fetch();
    rows_.emplace(connection_.receive());
    is_fetching_ = false;
    next_row_ = 0;
    if (!rows_->empty()) last_id_ = rows_->uint64(rows_->size() - 1, 0);
    if (rows_->size() < events_per_fetch) end_slice();
    if (!exhausted_) send_fetch();
  } while (rows_->empty() && !exhausted_);
  return !rows_->empty();
}

void WindowReader::send_fetch() {
  static const auto sql = "FETCH " + std::to_string(events_per_fetch) + " FROM outbox_window";
  if (!transaction_) begin();
  if (!has_cursor_) declare();
  connection_.send(sql);
  is_fetching_ = true;
}

void WindowReader::end_slice() {
  exhausted_ = slice_ == bounds_.size();
  if (exhausted_) return;
  ++slice_;
  connection_.query("CLOSE outbox_window");
  has_cursor_ = false;
}

bool WindowReader::fill(EventBatch& batch, std::size_t target_bytes, std::vector<TableChange>& changes) {
  while (batch.bytes() < target_bytes) {
    if (!rows_ || next_row_ == rows_->size()) {
      rows_.reset();
      if (exhausted_ || !fetch()) return false;
    }
    add(batch, next_row_++, changes);
  }
  return true;
}

void WindowReader::add(EventBatch& batch, int row, std::vector<TableChange>& changes) {
  const auto& rows = *rows_;
  Event event{rows.uint64(row, 0), rows.uint64(row, 1), rows.text(row, 2),
              static_cast<Op>(rows.text(row, 3).front()), rows.text(row, 4)};
  if (subscription_.wants_times) event.created_at = EventTime(std::chrono::microseconds(rows.int64(row, 6)));
  KnownChanges::Place place;
  const bool may_be_late = !unlocked_->empty() && event.op != Op::Relation;
  if (may_be_late) {
    place = unlocked_->place(event.topic, event.id, event.transaction);
    event.topic = place.topic;
  }
  if (!taken_.takes(event.topic, std::max(event.id, place.since))) return;
  if (place.load) changes.push_back({.topic = place.topic, .load = true});
  std::string large;
  if (!rows.is_null(row, 5)) {
    if (!transaction_) begin();
    large = payload_of(event.transaction, event.id);
    event.payload = large;
  }
  if (event.op == Op::Relation) note_change(event, changes);
  std::string cut;
  batch.add(subscription_.columns.cut(event, cut));
}

// A table that was not taken under the name that it had before comes without the rows that it has.
void WindowReader::note_change(const Event& event, std::vector<TableChange>& changes) {
  if (!transaction_) begin();
  const auto rows = connection_.query(
      "SELECT coalesce((payload->>'load')::boolean, false), payload->>'renamed_from',"
      " coalesce((payload->>'dropped')::boolean, false), coalesce((payload->>'unlocked')::boolean, false),"
      " (SELECT coalesce(max(late_until::text::bigint), 0) FROM outbox.relation WHERE event_id = $2::bigint)"
      " FROM outbox.event WHERE txid = $1::xid8 AND id = $2::bigint",
      {std::to_string(event.transaction), std::to_string(event.id)});
  TableChange change{std::string(event.topic), std::string(rows.text(0, 1)), rows.boolean(0, 0),
                     rows.boolean(0, 2)};
  if (!change.renamed_from.empty() && !taken_.takes(change.renamed_from, event.id - 1)) change.load = true;
  if (rows.boolean(0, 3)) unlocked_->add({event.id, event.transaction, rows.uint64(0, 4), change});
  changes.push_back(std::move(change));
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
  is_fetching_ = false;  // what was under way is read again
  was_suspended_ = true;
}

void WindowReader::finish() {
  if (transaction_) transaction_->rollback();  // nothing was written; a failed load chunk may have aborted it
  transaction_.reset();
  is_fetching_ = false;
}

void WindowReader::await_durable() {
  if (!durable_) await_flushed(connection_, write_ahead_end_);
  durable_ = true;
}

}  // namespace mailboat::producer
