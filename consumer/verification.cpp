#include "consumer/verification.hpp"

#include <SQLiteCpp/Savepoint.h>

#include "consumer/attempt.hpp"
#include "consumer/target_sql.hpp"
#include "consumer/value_binding.hpp"

namespace mailboat::consumer {

void Verification::begin(const LoadChunk& piece, Targets targets) {
  log_.begin(piece.operation, piece.topic);
  for (const auto& target : targets) seen_.begin(target.number, target.plan());
  running_ = Running{piece.operation,   piece.topic, {}, 0, 0, piece.purpose == LoadChunk::Purpose::Repair,
                     targets.size() > 1};
}

bool Verification::is_about(const LoadChunk& piece) const {
  return running_ && running_->operation == piece.operation && running_->topic == piece.topic;
}

void Verification::compare(const LoadChunk& piece, std::int64_t chunk, Targets targets) {
  if (running_->first_chunk == 0) running_->first_chunk = chunk;
  const auto& texts = piece.rows.texts();
  piece.rows.for_each([&](std::size_t, std::string_view row) {
    for (const auto& target : targets) compare_row(row, texts.data() + texts.size(), chunk, target);
  });
  running_->rows += piece.rows.size();
  log_.count_rows(running_->operation, running_->topic, piece.rows.size());
  if (piece.ends_chunk) running_->last_key = piece.last_key;
  if (piece.gives_up) {
    finish("it is no longer tracked");
  } else if (piece.ends_load) {
    end(targets);
  }
}

// A row that the target's filter leaves out counts as one that the source does not have.
void Verification::compare_row(std::string_view row, const char* buffer_end, std::int64_t chunk,
                               const Target& target) {
  Difference difference;
  const auto key = [&] { return target.writer.key_of(row, buffer_end); };
  bool is_taken = true;
  const auto unreadable = attempt(database_, [&] {
    is_taken = target.writer.takes(row, buffer_end);
    if (!is_taken) return;
    difference.key = describe(target, key());
    auto result = target.comparison.compare(row, buffer_end);
    if (result.is_there) difference.kind = Difference::Kind::Different;
    difference.columns = std::move(result.different_columns);
  });
  if (!is_taken) return;
  bool is_equal = !unreadable && difference.kind == Difference::Kind::Different && difference.columns.empty();
  if (unreadable) {
    difference.kind = Difference::Kind::Different;
    difference.error = unreadable->reason;
  } else if (!is_equal && running_->repairs) {
    const auto refusal = attempt(database_, [&] { target.writer.load(chunk, row, buffer_end); });
    difference.repaired = !refusal;
    if (refusal) difference.error = refusal->reason;
  }
  if (!difference.key.empty()) seen_.mark(target.number, target.plan(), key());
  if (!is_equal) add(std::move(difference));
}

std::string Verification::describe(const Target& target, const std::vector<Value>& key) const {
  const auto condition = key_condition_of(target.plan().key, key);
  return running_->has_several_targets ? quote(target.plan().table) + ": " + condition : condition;
}

void Verification::add(Difference difference) { log_.add(running_->operation, running_->topic, difference); }

void Verification::end(Targets targets) {
  for (const auto& target : targets) find_extra_rows(target);
  // The table is now as a load would have left it: an event which the first chunk covers has nothing to add.
  if (running_->repairs && log_.unmended(running_->operation, running_->topic) == 0) {
    bookkeeping_.store_finished_load(running_->topic, running_->rows, running_->first_chunk);
  }
  finish("");
}

void Verification::find_extra_rows(const Target& target) {
  std::string error;
  bool repaired = false;
  const auto report = [&](const std::vector<Value>& key) {
    add({Difference::Kind::Extra, describe(target, key), {}, repaired, error});
  };
  // Told before they are gone, and that they are gone only when they are.
  if (running_->repairs) {
    SQLite::Savepoint savepoint(database_, "extra_rows");  // rolled back unless released
    repaired = true;
    seen_.for_each_other(target.number, target.plan(), report);
    const auto refusal = attempt(database_, [&] { seen_.delete_others(target.number, target.plan()); });
    if (!refusal) return savepoint.release();
    repaired = false;
    error = refusal->reason;
  }
  seen_.for_each_other(target.number, target.plan(), report);
}

void Verification::give_up(const LoadChunk& piece, const std::string& reason) {
  if (!is_about(piece)) {
    log_.begin(piece.operation, piece.topic);
    running_ = Running{piece.operation, piece.topic, {}, 0, 0, false, false};
  }
  finish(reason);
}

void Verification::finish(const std::string& error) {
  log_.end(running_->operation, running_->topic, error);
  running_.reset();
  has_ended_ = true;
}

void Verification::abandon(std::string_view topic) {
  if (is_watching(topic)) running_.reset();
}

void Verification::forget() {
  running_.reset();
  log_.clear();
}

void Verification::commit_at(const Snapshot& snapshot) {
  if (has_ended_) log_.store_snapshot(snapshot);
}

std::optional<RunningVerification> Verification::running() const {
  if (!running_) return std::nullopt;
  return RunningVerification{running_->operation, {running_->topic, running_->last_key, running_->rows}};
}

}  // namespace mailboat::consumer
