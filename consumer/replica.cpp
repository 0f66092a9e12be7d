#include "consumer/replica.hpp"

#include <algorithm>
#include <map>

#include "consumer/file_identity.hpp"
#include "consumer/second_pass.hpp"

namespace mailboat::consumer {
namespace {

std::string describe(const Event& event) {
  return "event " + std::to_string(event.id) + " (op " + static_cast<char>(event.op) + ", topic " +
         std::string(event.topic) + ", transaction " + std::to_string(event.transaction) + ")";
}

}  // namespace

// Runs `work`, which touches no content that came from the source: whatever SQLite says is about the
// database.
template <typename Work>
auto Replica::on_database(const char* what, const Work& work) {
  try {
    return work();
  } catch (const SQLite::Exception& error) {
    throw ReplicaUnavailable(std::string("cannot ") + what + " in SQLite file '" + options_.path +
                             "': " + error.what());
  }
}

bool Replica::wants_times() const {
  return std::any_of(options_.routes.begin(), options_.routes.end(),
                     [](const Route& route) { return route.mode == Route::Mode::History; });
}

void Replica::begin_session() {
  on_database("look at the tables", [this] { tables_.begin_session(); });
}

bool Replica::may_go_on() {
  return on_database("look at the tables", [this] { return tables_.may_go_on(); });
}

std::vector<LoadPosition> Replica::unfinished_loads() {
  return on_database("read the loads", [this] { return bookkeeping_.unfinished_loads(); });
}

// SQLite goes on writing to a file that somebody has deleted or replaced, where nobody will ever read it.
void Replica::require_in_place() const {
  if (identify_file(options_.path, file_id_) == identity_) return;
  throw ReplicaUnavailable("SQLite file '" + options_.path +
                           "' was deleted or replaced while it was in use. What is there now is opened");
}

void Replica::begin() {
  if (!tables_known_)
    throw ReplicaUnavailable("the tables of SQLite file '" + options_.path + "' have changed");
  transaction_.reset();  // what an error has left of retries
  turn_.give_back();
  auto turn = file_->take_turn();
  // IMMEDIATE: whoever else writes makes us wait here, and not in the middle of a window.
  on_database("begin a transaction", [this] {
    require_in_place();
    transaction_.emplace(database_, SQLite::TransactionBehavior::IMMEDIATE);
  });
  turn_ = std::move(turn);
  highest_event_id_ = last_event_id_;
  chunk_.reset();
  has_deferred_ = has_forgotten_ = false;
  summary_ = {};
  verification_.begin_transaction();
}

void Replica::forget_history(EventId shared_events) {
  on_database("forget the history of before", [&] {
    tables_.forget_history(shared_events);
    verification_.forget();
  });
  highest_event_id_ = std::min(highest_event_id_, shared_events);
  has_forgotten_ = true;
}

// Everything is applied in the order in which it comes: whatever is no insert like those before it waits for
// them.
void Replica::apply(const EventBatch& events, const RowsAhead& rows) {
  const auto& buffer = events.payloads().texts();
  const auto* const buffer_end = buffer.data() + buffer.size();
  InsertRun run;
  std::size_t number = 0;
  events.for_each([&](const Event& event) {
    const auto ahead = rows.of(number++);
    if (event.topic != run.topic()) {
      insert(run, buffer_end);
      run.begin(event.topic, tables_.place_of_inserts(event.topic));
    }
    if (run.add(event, ahead)) return;
    insert(run, buffer_end);
    apply(event, buffer_end, ahead);
    if (event.op == Op::Relation) run.begin(event.topic, tables_.place_of_inserts(event.topic));
  });
  insert(run, buffer_end);
}

// What cannot be written together is written, or refused, by itself; that some of it may be there already
// does not matter, because it is the same.
void Replica::insert(InsertRun& run, const char* buffer_end) {
  const auto events = run.events();
  std::size_t done = 0;
  if (events.size() >= InsertRun::worthwhile) {
    attempt(database_, [&] { done = tables_.insert(run); });
    if (done > 0) highest_event_id_ = std::max(highest_event_id_, events[done - 1].id);
  }
  for (auto i = done; i < events.size(); ++i) apply(events[i], buffer_end, run.ahead(i));
  run.clear();
}

void Replica::apply(const Event& event, const char* buffer_end, const RowAhead& ahead) {
  // What was refused under the description before must be settled under it.
  if (event.op == Op::Relation && has_deferred_) {
    settle(event.topic);
    if (const auto former = Tables::former_topic(event); !former.empty()) settle(former);
  }
  const auto refusal = attempt(database_, [&] { tables_.apply(event, buffer_end, ahead); });
  if (refusal) refuse(event, *refusal);
  highest_event_id_ = std::max(highest_event_id_, event.id);
}

void Replica::refuse(const Event& event, const WriteRefusal& refusal) {
  if (event.op == Op::Relation) tables_.description_refused(event, refusal.reason);
  if (refusal.by_constraint && event.op != Op::Relation) {
    on_database("keep an event", [&] { deferred_->add(event, refusal.reason); });
    has_deferred_ = true;
  } else {
    reject({event.id, event.transaction, refusal.reason}, describe(event));
  }
}

void Replica::reject(const Rejection& rejection, const std::string& what) {
  if (summary_.rejections++ == 0) summary_.first_rejection = what + ": " + rejection.error;
  if (options_.reject_limit > 0 && summary_.rejections > options_.reject_limit) {
    throw RejectionStorm(
        "more than " + std::to_string(options_.reject_limit) +
        " events of one window cannot be applied to SQLite file '" + options_.path + "', the first being " +
        summary_.first_rejection +
        ". Nothing of this window has been applied, and nothing is lost. Mend what that names (often a table "
        "that was dropped or altered by hand) and start the consumer again; or let each of these events "
        "become "
        "a task that is retried by itself, with --reject-limit 0");
  }
  on_database("store a rejection", [&] { Rejections(database_, bookkeeping_.source()).add(rejection); });
}

void Replica::settle(std::optional<std::string_view> topic) {
  const auto refused = on_database("apply events once more",
                                   [&] { return second_pass(database_, tables_, *deferred_, topic); });
  for (const auto& rejection : refused) reject(rejection, "event " + std::to_string(rejection.event_id));
  if (!topic) has_deferred_ = false;
}

void Replica::begin_load(const std::string& topic) {
  on_database("begin a load", [&] { tables_.begin_load(topic, highest_event_id_ + 1); });
}

void Replica::apply(const LoadChunk& piece) {
  if (!summary_.refused_load.empty()) return;  // the rest of a chunk that was refused
  on_database("begin a chunk", [&] {
    if (chunk_) return;
    chunk_ = OpenChunk{bookkeeping_.next_chunk(), piece.topic};
    chunk_savepoint_.emplace(database_, "chunk");
  });
  const auto refusal = attempt(database_, [&] {
    if (piece.rows.size() > 0) tables_.load_rows(piece, chunk_->number);
    if (piece.ends_load) tables_.end_load(piece);
  });
  if (refusal) {
    summary_.refused_load = piece.topic;
    summary_.refused_load_reason =
        "a loaded row of " + piece.topic + " cannot be applied: " + refusal->reason;
    chunk_savepoint_.reset();  // rolls back
    chunk_.reset();
    return;
  }
  on_database("store the progress of a load", [&] {
    bookkeeping_.store_progress(piece);
    if (piece.ends_chunk) {
      chunk_savepoint_->release();
      chunk_savepoint_.reset();
    }
  });
}

// The rows are exact after all that the window has brought, so nothing of it may still wait to be tried
// again.
void Replica::verify(const LoadChunk& piece) {
  if (has_deferred_) settle(std::nullopt);
  on_database("verify a table", [&] {
    if (piece.purpose == LoadChunk::Purpose::Repair && !chunk_) {
      chunk_ = OpenChunk{bookkeeping_.next_chunk(), piece.topic};
    }
    const auto failure = attempt(database_, [&] {
      const auto targets = tables_.targets(piece.topic);
      if (piece.begins) {
        if (bookkeeping_.running_load(piece.topic)) throw InvalidInput("its load is not finished");
        verification_.begin(piece, targets);
      }
      if (verification_.is_about(piece)) verification_.compare(piece, chunk_ ? chunk_->number : 0, targets);
    });
    if (failure && (piece.begins || verification_.is_about(piece))) {
      verification_.give_up(piece, failure->reason);
    }
  });
}

std::vector<Verified> Replica::unconfirmed_verifications() {
  return on_database("read what was verified", [this] { return verification_.log().ended(); });
}

WriterTurns::Turn Replica::turn_to_confirm() {
  return transaction_ ? WriterTurns::Turn() : file_->take_turn();
}

void Replica::confirm_verification(const VerificationRecorded& recorded) {
  const auto turn = turn_to_confirm();
  on_database("forget what was verified", [&] {
    SQLite::Savepoint savepoint(database_, "confirm");
    verification_.log().remove(recorded);
    savepoint.release();
  });
}

// The heart of exactly-once: data, rejections and cursor become durable in one commit. Whatever is lost with
// a crash before it is sent again from the old cursor; whatever is sent again after it does not fit the new
// one and is dropped. The chunk's snapshot has to be there before the second pass: its rows are newer than
// any event that still waits.
void Replica::commit(const Cursor& cursor) {
  on_database("commit a window", [&] {
    if (chunk_) bookkeeping_.store_chunk(chunk_->number, chunk_->topic, cursor.snapshot);
    verification_.commit_at(cursor.snapshot);
  });
  if (has_deferred_) settle(std::nullopt);
  on_database("commit a window", [&] {
    if (has_forgotten_) summary_.left_alone = bookkeeping_.topics_without_load();
    bookkeeping_.store(StoredCursor{options_.subscription, cursor, highest_event_id_, bookkeeping_.source()});
    require_in_place();
    transaction_->commit();
  });
  transaction_.reset();
  turn_.give_back();
  cursor_ = cursor;
  last_event_id_ = highest_event_id_;
}

void Replica::rollback() {
  const auto turn = std::move(turn_);  // until the tables are read again, which may write
  tables_.release_statements();
  chunk_savepoint_.reset();
  transaction_.reset();
  verification_.roll_back();
  if (tables_.changed()) on_database("read the relations", [this] { read_tables(false); });
}

Retried Replica::retry(const EventBatch& events) {
  begin();
  Retried retried;
  std::map<std::string, std::optional<Relation>, std::less<>> written_as;
  const auto& buffer = events.payloads().texts();
  events.for_each([&](const Event& event) {
    retried.outcomes.push_back(
        retry_one(event, buffer.data() + buffer.size(), written_as[std::string(event.topic)]));
  });
  on_database("commit retries", [&] {
    bookkeeping_.count_retry();
    retried.number = bookkeeping_.retries();
    require_in_place();
    transaction_->commit();
  });
  transaction_.reset();
  turn_.give_back();
  return retried;
}

std::uint64_t Replica::retries() {
  return on_database("count the retries", [this] { return bookkeeping_.retries(); });
}

RetryOutcome Replica::retry_one(const Event& event, const char* buffer_end,
                                std::optional<Relation>& written_as) {
  RetryOutcome outcome{event.id, RetryOutcome::Result::Rejected, ""};
  const auto refusal = attempt(database_, [&] {
    if (event.op == Op::Relation) written_as = parse_relation(event.topic, event.payload);
    outcome.result = tables_.apply_again(event, buffer_end, written_as ? &*written_as : nullptr);
  });
  if (refusal) {
    if (event.op == Op::Relation) tables_.description_refused(event, refusal->reason);
    outcome.error = refusal->reason;
  } else {
    on_database("forget a rejection", [&] { Rejections(database_, bookkeeping_.source()).remove(event.id); });
  }
  return outcome;
}

Rejections::Piece Replica::unconfirmed(std::int64_t after) {
  return on_database("read the rejections",
                     [&] { return Rejections(database_, bookkeeping_.source()).read(after); });
}

void Replica::confirm(const std::vector<EventId>& event_ids) {
  const auto turn = turn_to_confirm();
  on_database("forget confirmed rejections", [&] {
    SQLite::Savepoint savepoint(database_, "confirm");
    for (const auto id : event_ids) Rejections(database_, bookkeeping_.source()).remove(id);
    savepoint.release();
  });
}

}  // namespace mailboat::consumer
