#include "producer/window_reader.hpp"

#include <algorithm>
#include <array>

#include "producer/durable_snapshot.hpp"
#include "producer/relation_reader.hpp"
#include "producer/window_query.hpp"
#include "producer/window_slices.hpp"

namespace mailboat::producer {
namespace {

using std::chrono::milliseconds;

// One FETCH holds at most this many events, so that it is bounded by their product with the largest payload
// that comes along. Usual events of one FETCH fit into the socket's buffer: PostgreSQL has them ready while
// we send those before.
constexpr int events_per_fetch = 500;

constexpr auto snapshot_query =
    "SELECT pg_current_snapshot(), pg_current_wal_insert_lsn(),"
    " pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn(), (SELECT last_value FROM outbox.event_id)";

}  // namespace

WindowReader::WindowReader(postgres::Connection& connection, const Subscription& subscription)
    : connection_(connection), subscription_(subscription), selection_query_(selection_of(subscription)) {}

WindowReader::~WindowReader() = default;

WindowReader::Poll WindowReader::poll(const Snapshot& from) {
  const auto query = poll_query(subscription_, from, taken_, connection_.server_version());
  auto rows = connection_.query_prepared(query.sql, query.params);
  require_same_selection(rows, PollColumn::Selection);
  Poll poll{Snapshot::parse(rows.text(0, PollColumn::Now)), !rows.is_null(0, EventColumn::Id),
            rows.boolean(0, PollColumn::IsFlushed)};
  poll.is_window = !poll.has_events || is_all_and_plain(rows);
  if (poll.is_window) take_window(from, poll, std::move(rows));
  return poll;
}

// Whether these are all events, and none of them asks for anything else to be read.
bool WindowReader::is_all_and_plain(const postgres::Rows& rows) const {
  if (!unlocked_ || rows.size() > few_events) return false;
  for (int row = 0; row < rows.size(); ++row) {
    const auto op = static_cast<Op>(rows.text(row, EventColumn::Op).front());
    const bool has_content = !rows.is_null(row, EventColumn::Payload) || op == Op::Truncate;
    if (op == Op::Relation || !has_content) return false;
    if (unlocked_->empty()) continue;
    const auto topic = rows.text(row, EventColumn::Topic);
    if (unlocked_->place(topic, rows.uint64(row, EventColumn::Id), rows.uint64(row, EventColumn::Transaction))
            .load)
      return false;
  }
  return true;
}

// What taken_ says is still so: only a description could have changed it.
void WindowReader::take_window(const Snapshot& from, const Poll& poll, postgres::Rows rows) {
  begin_window(from, Events::All, poll.now);
  write_ahead_end_ = rows.text(0, PollColumn::WriteAheadEnd);
  durable_ = poll.is_durable;
  exhausted_ = true;
  bounds_.clear();
  read_through_.reset();
  if (!poll.has_events) return;  // what was handed out meanwhile has not come yet
  read_through_ = rows.uint64(0, PollColumn::LastId);
  rows_.emplace(std::move(rows));
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
  begin_window(from, events, Snapshot::parse(rows.text(0, 0)));
  write_ahead_end_ = rows.text(0, 1);
  durable_ = rows.boolean(0, 2);
  exhausted_ = !from.has_value();
  taken_ = read_taken_topics(connection_, subscription_);
  if (from && !unlocked_) unlocked_ = changes_before(connection_, *from, true);
  slice(rows.uint64(0, 3));
}

void WindowReader::begin_window(const std::optional<Snapshot>& from, Events events, Snapshot to) {
  from_ = from;
  events_ = events;
  to_ = std::move(to);
  was_suspended_ = false;
  last_id_ = 0;
  rows_.reset();
  next_row_ = 0;
}

// `last_id`: the last that was handed out when the window's snapshot was taken. Nearly all that is new since
// the window before has an id after what was the last one then, or is of transactions that were open then.
void WindowReader::slice(EventId last_id) {
  bounds_.clear();
  slice_ = 0;
  if (from_) {
    if (!read_through_) read_through_ = first_id().value_or(last_id);
    if (const auto first = first_id_of_ended()) read_through_ = std::min(*read_through_, *first - 1);
    const auto era = era_after(last_id);
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

// Where the ids begin of those that were open at the last window and have ended since. One of them may be
// large. (Rows of those that are still open would have to be looked through in vain.)
std::optional<EventId> WindowReader::first_id_of_ended() {
  std::vector<std::string> ended;
  for (const auto transaction : from_->in_progress()) {
    if (to_.covers(transaction)) ended.push_back(std::to_string(transaction));
  }
  if (ended.empty()) return std::nullopt;
  const auto rows = connection_.query(
      "SELECT min(first.id) FROM unnest($1::xid8[]) AS ended (txid)"
      " CROSS JOIN LATERAL (SELECT id FROM outbox.event e WHERE e.txid = ended.txid ORDER BY id LIMIT 1) "
      "first",
      {postgres::array_literal(ended)});
  return rows.is_null(0, 0) ? std::nullopt : std::optional(rows.uint64(0, 0));
}

// About where they end before `bound`.
EventId WindowReader::last_id_before(EventId bound) {
  const auto rows = connection_.query(
      "SELECT id FROM outbox.event WHERE txid >= $1::xid8 AND id < $2::bigint ORDER BY txid DESC, id DESC "
      "LIMIT 1",
      {std::to_string(from_->xmax()), std::to_string(bound)});
  return rows.empty() ? 0 : rows.uint64(0, 0);
}

void WindowReader::declare() {
  WindowPart part{*from_, to_, taken_, events_ == Events::PublishedOnly};
  if (slice_ > 0) part.begin = bounds_[slice_ - 1];
  if (slice_ < bounds_.size()) part.end = bounds_[slice_];
  if (was_suspended_) part.goes_on_behind = last_id_;
  const auto query = declare_window(subscription_, part, connection_.server_version());
  connection_.query(query.sql, query.params);
  has_cursor_ = true;
}

// While the caller works on these rows, PostgreSQL prepares the next.
bool WindowReader::fetch() {
  do {
    if (!is_fetching_) send_fetch();
    rows_.emplace(connection_.receive());
    is_fetching_ = false;
    next_row_ = 0;
    if (!rows_->empty()) last_id_ = rows_->uint64(rows_->size() - 1, EventColumn::Id);
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
  std::array<postgres::Field, EventColumn::CreatedAt + 1> fields;
  rows_->read(row, fields);
  const auto& [id, transaction, topic, op, payload, time] = fields;
  Event event{id.uint64(), transaction.uint64(), topic.text, static_cast<Op>(op.text.front()), payload.text};
  const bool may_be_large = payload.is_null && event.op != Op::Truncate;
  if (subscription_.wants_times) event.created_at = EventTime(std::chrono::microseconds(time.int64()));
  KnownChanges::Place place;
  const bool may_be_late = !unlocked_->empty() && event.op != Op::Relation;
  if (may_be_late) {
    place = unlocked_->place(event.topic, event.id, event.transaction);
    event.topic = place.topic;
  }
  if (!taken_.takes(event.topic, std::max(event.id, place.since))) return;
  if (place.load) changes.push_back({.topic = place.topic, .load = true});
  std::string large;
  if (may_be_large) {
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
