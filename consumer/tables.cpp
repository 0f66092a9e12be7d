#include "consumer/tables.hpp"

#include <SQLiteCpp/Savepoint.h>
#include <algorithm>

#include "common/error.hpp"
#include "common/log.hpp"
#include "consumer/attempt.hpp"
#include "consumer/forget_history.hpp"
#include "consumer/load_sweep.hpp"
#include "consumer/table_alteration.hpp"
#include "consumer/target_sql.hpp"

namespace mailboat::consumer {

void Tables::read(EventId since, bool at_start) {
  topics_.clear();
  columns_in_force_.clear();
  undescribed_.clear();  // each session begins with the latest descriptions, and they are refused again
  SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
  setup_.make_dropped_again(at_start);
  setup_.forget_unrouted();
  setup_.check_routes();
  for (auto& stored : bookkeeping_.relations()) {
    if (parse_news(stored.topic, stored.description).is_dropped) {
      read_detached(stored);
      continue;
    }
    auto relation = parse_relation(stored.topic, stored.description);
    const auto before = relation;
    set_up(stored.topic, stored.event_id, std::move(relation), &before, since,
           TargetSetup::Misfits::AreRefused);
  }
  transaction.commit();
  setup_.make_dropped_again(true);
  changed_ = false;
}

Tables::Topic& Tables::set_up(const std::string& name, EventId relation_id, std::optional<Relation> relation,
                              const Relation* before, EventId since, TargetSetup::Misfits misfits) {
  auto result = setup_.set_up(name, before, relation ? &*relation : nullptr, misfits);
  const auto load = bookkeeping_.running_load(name);
  Topic topic{relation_id, std::move(relation),      load ? load->since : 0, result.is_skipped,
              false,       std::move(result.targets)};
  auto& placed = topics_.insert_or_assign(name, std::move(topic)).first->second;
  decode_ahead(name, placed);
  schema_version_ = schema_version();
  if (placed.relation) losses_.tell(*placed.relation);
  // What has never been loaded begins with what comes.
  if (result.lacks_rows || (result.needs_load && bookkeeping_.has_load(name))) {
    begin_load(name, since);
    has_own_loads_ = true;
  }
  return placed;
}

// Rows that go to one table only: most do, and who decodes ahead need not decide between several.
void Tables::decode_ahead(const std::string& name, const Topic& topic) {
  if (topic.targets.size() == 1 && topic.targets.front().paused().empty()) {
    columns_in_force_.set(name, topic.targets.front().columns());
  } else {
    columns_in_force_.remove(name);
  }
}

// What somebody has dropped here, too, is forgotten.
void Tables::read_detached(const Bookkeeping::StoredRelation& stored) {
  if (!setup_.has_table(stored.topic)) {
    setup_.forget_topic(stored.topic);
    bookkeeping_.forget_topic(stored.topic);
    return;
  }
  auto relation = parse_relation(stored.topic, stored.description);
  auto result = setup_.set_up(stored.topic, &relation, &relation, TargetSetup::Misfits::ArePaused);
  topics_.insert_or_assign(stored.topic, Topic{stored.event_id, std::move(relation), 0, result.is_skipped,
                                               true, std::move(result.targets)});
}

void Tables::release_statements() {
  for (auto& [name, topic] : topics_) {
    for (auto& target : topic.targets) target.release_statements();
  }
  verification_.release_statements();
}

void Tables::forget_history(EventId shared_events) {
  release_statements();
  changed_ = true;
  undescribed_.clear();
  std::vector<TargetPlan> plans;
  std::vector<std::string> graves;
  for (auto& [name, topic] : topics_) {
    topic.relation_id = topic.loading_since = 0;
    for (const auto& target : topic.targets) {
      graves.push_back(graves_of(target.plan()));
      if (target.paused().empty() && database_.tableExists(target.plan().table))
        plans.push_back(target.plan());
    }
  }
  consumer::forget_history(database_, bookkeeping_.source(), plans, graves, shared_events);
}

void Tables::apply(const Event& event, const char* buffer_end, const RowAhead& ahead) {
  if (event.op == Op::Relation) return apply_relation(event);
  auto& topic = topic_of(event.topic);
  if (topic.targets.size() != 1 || !topic.targets.front().paused().empty()) {
    return apply_to_each(topic, event, buffer_end);
  }
  auto& target = topic.targets.front();
  const auto decoded = ahead.as(target.columns());
  if (target.has_rows_of_source()) {
    apply_to(topic, 0, target.writer(), event, buffer_end, decoded);
  } else {
    target.history().append(event, buffer_end, decoded);
  }
}

// What one target refuses does not keep the others back. The event is rejected all the same; when it comes
// again, they already have it.
void Tables::apply_to_each(Topic& topic, const Event& event, const char* buffer_end) {
  std::optional<WriteRefusal> first;
  for (std::size_t i = 0; i < topic.targets.size(); ++i) {
    auto& target = topic.targets[i];
    if (!target.paused().empty()) continue;
    auto refusal = attempt(database_, [&] {
      if (target.has_rows_of_source()) {
        apply_to(topic, i, target.writer(), event, buffer_end);
      } else {
        target.history().append(event, buffer_end);
      }
    });
    if (refusal && !first) first = std::move(refusal);
  }
  if (first) throw RefusedByTarget(*std::move(first));
}

void Tables::apply_to(Topic& topic, std::size_t number, TargetWriter& writer, const Event& event,
                      const char* buffer_end, std::span<const Value> decoded) {
  switch (event.op) {
    case Op::Insert:
    case Op::Update:
      if (!writer.upsert(event, buffer_end, decoded)) return;
      if (event.id < topic.loading_since) {
        LoadSweep(database_, writer.plan()).mark(writer.key_of(event.payload, buffer_end));
      }
      if (verification_.is_watching(event.topic)) {
        verification_.written(number, writer.plan(), writer.key_of(event.payload, buffer_end));
      }
      return;
    case Op::Delete:
      writer.remove(event, buffer_end);
      return;
    case Op::Truncate:
      writer.truncate(event.id);
      return;
    case Op::Relation:
      return;
  }
}

// Without a description, which always comes first, it is a topic of an application: known by its route only.
Tables::Topic& Tables::topic_of(std::string_view name) {
  const auto refused = undescribed_.find(name);
  if (refused != undescribed_.end()) throw InvalidInput(refused->second.reason);
  const auto found = topics_.find(name);
  if (found != topics_.end()) return found->second;
  changed_ = true;
  return set_up(std::string(name), 0, std::nullopt, nullptr, 0, TargetSetup::Misfits::ArePaused);
}

// At the start of each session the producer repeats the relations that the cursor has already seen, and with
// a retry those of its time: the same R event may come any number of times, and must only count once. It is
// another one when the subscription's columns were chosen anew, and a paused table has another try.
void Tables::apply_relation(const Event& event) {
  const std::string name(event.topic);
  const auto news = parse_news(name, event.payload);
  if (news.is_dropped) return detach(event);
  auto relation = parse_relation(name, event.payload);
  auto known = topics_.find(name);
  if (known != topics_.end() && known->second.relation) {
    const auto& topic = known->second;
    if (event.id < topic.relation_id) return;
    const bool is_paused = std::any_of(topic.targets.begin(), topic.targets.end(),
                                       [](const Target& target) { return !target.paused().empty(); });
    if (event.id == topic.relation_id && relation == topic.relation && !is_paused) return;
  }
  release_statements();  // they would keep a table from being altered
  verification_.abandon(name);
  if (!news.renamed_from.empty()) rename(news.renamed_from, name, event.id);
  known = topics_.find(name);
  std::optional<Relation> before;
  if (known != topics_.end()) before = known->second.relation;
  if (before && news.is_new) before = matched_by_name(*std::move(before), relation);
  SQLite::Savepoint savepoint(database_, "relation");  // several statements, all or none
  bookkeeping_.store(Bookkeeping::StoredRelation{name, event.id, std::string(event.payload)});
  set_up(name, event.id, std::move(relation), before ? &*before : nullptr, event.id,
         TargetSetup::Misfits::ArePaused);
  savepoint.release();
  const auto refused = undescribed_.find(name);
  if (refused != undescribed_.end() && refused->second.relation_id <= event.id) undescribed_.erase(refused);
  changed_ = true;
}

std::string Tables::former_topic(const Event& event) {
  try {
    return parse_news(event.topic, event.payload).renamed_from;
  } catch (const InvalidInput&) {
    return {};  // it will be refused
  }
}

// From now on the file says all that it has said of `from` of `to`. Whatever table had the topic `to` before
// has lost it: the source would not have two of that name.
void Tables::rename(const std::string& from, const std::string& to, EventId relation_id) {
  const auto known = topics_.find(from);
  const bool is_over = known != topics_.end() && known->second.relation_id > relation_id;
  const auto replaced = topics_.find(to);
  const bool is_done = replaced != topics_.end() && replaced->second.relation_id >= relation_id;
  if (is_over || is_done) return;
  verification_.abandon(from);
  SQLite::Savepoint savepoint(database_, "rename");
  if (known != topics_.end() || bookkeeping_.has_load(from)) {
    setup_.rename_topic(from, to);
    bookkeeping_.forget_topic(to);
    bookkeeping_.rename_topic(from, to);
  }
  savepoint.release();
  changed_ = true;
  undescribed_.erase(from);
  if (known == topics_.end()) return;
  columns_in_force_.remove(from);
  topics_.erase(to);
  auto moved = topics_.extract(from);
  moved.key() = to;
  topics_.insert(std::move(moved));
}

void Tables::detach(const Event& event) {
  const auto known = topics_.find(event.topic);
  if (known == topics_.end() || known->second.relation_id > event.id) return;
  const std::string name(event.topic);
  auto& topic = known->second;
  if (topic.is_detached && topic.relation_id == event.id) return;
  release_statements();
  verification_.abandon(name);
  SQLite::Savepoint savepoint(database_, "detach");
  bookkeeping_.store(Bookkeeping::StoredRelation{name, event.id, std::string(event.payload)});
  bookkeeping_.abandon_load(name);
  for (const auto& target : topic.targets) LoadSweep(database_, target.plan()).begin();
  savepoint.release();
  changed_ = true;
  topic.relation_id = event.id;
  topic.loading_since = 0;
  topic.is_detached = true;
  log::info("a table was dropped at the source or is no longer tracked: what the SQLite file has of it stays",
            {{"topic", name}, {"table", topic.targets.empty() ? "" : topic.targets.front().plan().table}});
}

void Tables::description_refused(const Event& event, const std::string& reason) {
  auto& refused = undescribed_[std::string(event.topic)];
  if (refused.relation_id > event.id) return;
  refused = {event.id, "the description of its table, event " + std::to_string(event.id) +
                           ", could not be applied: " + reason};
  changed_ = true;
}

RetryOutcome::Result Tables::apply_again(const Event& event, const char* buffer_end,
                                         const Relation* written_as) {
  using Result = RetryOutcome::Result;
  if (event.op == Op::Relation) {
    const auto known = topics_.find(event.topic);
    const bool older = known != topics_.end() && event.id < known->second.relation_id;
    apply_relation(event);
    return older ? Result::Superseded : Result::Applied;
  }
  auto& topic = topic_of(event.topic);
  auto result = topic.targets.empty() ? Result::Applied : Result::Superseded;
  for (std::size_t i = 0; i < topic.targets.size(); ++i) {
    if (apply_again(topic, i, event, buffer_end, written_as) == Result::Applied) result = Result::Applied;
  }
  return result;
}

RetryOutcome::Result Tables::apply_again(Topic& topic, std::size_t number, const Event& event,
                                         const char* buffer_end, const Relation* written_as) {
  using Result = RetryOutcome::Result;
  auto& target = topic.targets[number];
  if (!target.paused().empty()) return Result::Superseded;  // by the load with which it goes on
  if (!target.has_rows_of_source()) {
    return target.history().append(event, buffer_end) ? Result::Applied : Result::Superseded;
  }
  auto& writer = target.writer_for(written_as);
  if (rules_.table_overtaken(writer.plan(), event)) return Result::Superseded;
  if (event.op == Op::Truncate) {
    writer.truncate_again(event.id, bookkeeping_.last_chunk_before(event.transaction));
    return Result::Applied;
  }
  const auto& key = writer.key_of(event.payload, buffer_end);
  if (rules_.row_overtaken(writer.plan(), event, key) || rules_.already_deleted(writer.plan(), event, key)) {
    return Result::Superseded;
  }
  apply_to(topic, number, writer, event, buffer_end);
  return Result::Applied;
}

bool Tables::displace(const Event& event, const char* buffer_end) {
  if (event.op != Op::Insert && event.op != Op::Update) return false;
  auto& topic = topic_of(event.topic);
  for (auto& target : topic.targets) {
    if (target.paused().empty() && target.has_rows_of_source() && !target.can_displace()) return false;
  }
  for (auto& target : topic.targets) {
    if (!target.paused().empty() || !target.has_rows_of_source()) continue;
    auto& writer = target.writer();
    const auto& key = writer.key_of(event.payload, buffer_end);
    if (!rules_.table_overtaken(writer.plan(), event) && !rules_.row_overtaken(writer.plan(), event, key))
      writer.displace(key);
  }
  return true;
}

bool Tables::has_rows(const Topic& topic) {
  return std::any_of(topic.targets.begin(), topic.targets.end(), [this](const Target& target) {
    const auto& plan = target.plan();
    return target.has_rows_of_source() && target.paused().empty() && database_.tableExists(plan.table) &&
           database_
                   .execAndGet("SELECT EXISTS (SELECT 1 FROM " + quote(plan.table) + " WHERE " +
                               own_rows(plan) + ")")
                   .getInt() != 0;
  });
}

void Tables::begin_load(const std::string& name, EventId since) {
  verification_.abandon(name);
  const auto found = topics_.find(name);
  const auto first_to_keep = found != topics_.end() && has_rows(found->second) ? since : 0;
  bookkeeping_.begin_load(name, first_to_keep);
  changed_ = true;
  if (found == topics_.end()) return;
  for (const auto& target : found->second.targets) LoadSweep(database_, target.plan()).begin();
  found->second.loading_since = first_to_keep;
}

void Tables::load_rows(const LoadChunk& piece, std::int64_t chunk) {
  auto& topic = topic_of(piece.topic);
  const auto& texts = piece.rows.texts();
  for (auto& target : topic.targets) {
    if (!target.paused().empty() || !target.has_rows_of_source()) continue;
    auto& writer = target.writer();
    piece.rows.for_each(
        [&](std::size_t, std::string_view row) { writer.load(chunk, row, texts.data() + texts.size()); });
  }
}

std::vector<Verification::Target> Tables::targets(const std::string& name) {
  auto& topic = topic_of(name);
  std::vector<Verification::Target> result;
  for (std::size_t i = 0; i < topic.targets.size(); ++i) {
    auto& target = topic.targets[i];
    if (!target.has_rows_of_source()) continue;
    if (!target.paused().empty()) throw InvalidInput("it is paused: " + target.paused());
    result.push_back({i, target.writer(), target.comparison()});
  }
  return result;
}

void Tables::end_load(const LoadChunk& piece) {
  const auto load = bookkeeping_.running_load(piece.topic);
  if (!load || load->since == 0) return;
  auto& topic = topic_of(piece.topic);
  for (const auto& target : topic.targets) {
    if (!target.paused().empty() || !target.has_rows_of_source()) continue;
    LoadSweep sweep(database_, target.plan());
    if (piece.gives_up) {
      sweep.begin();
    } else {
      sweep.sweep(load->first_chunk, load->since);
    }
  }
  topic.loading_since = 0;
  changed_ = true;
}

std::vector<std::string> Tables::paused() const {
  std::vector<std::string> sentences;
  for (const auto& [name, topic] : topics_) {
    for (const auto& target : topic.targets) {
      if (topic.is_detached || target.paused().empty()) continue;
      sentences.push_back("table " + target.plan().table + " (" + name + ") is paused: " + target.paused());
    }
  }
  return sentences;
}

void Tables::begin_session() {
  has_own_loads_ = false;
  schema_version_ = schema_version();
}

bool Tables::may_go_on() { return !paused().empty() && schema_version() != schema_version_; }

std::int64_t Tables::schema_version() { return database_.execAndGet("PRAGMA schema_version").getInt64(); }

}  // namespace mailboat::consumer
