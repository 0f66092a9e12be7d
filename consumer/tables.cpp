#include "consumer/tables.hpp"

#include "common/error.hpp"
#include "consumer/attempt.hpp"
#include "consumer/forget_history.hpp"
#include "consumer/load_sweep.hpp"

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

// A row of an event that is older than a running load has to be marked, and one of a table that is being
// verified, too.
InsertRun::Place Tables::place_of_inserts(std::string_view name) const {
  const auto found = topics_.find(name);
  const bool is_known = found != topics_.end() && undescribed_.find(name) == undescribed_.end();
  if (!is_known || found->second.targets.size() != 1 || verification_.is_watching(name)) return {};
  const auto& target = found->second.targets.front();
  if (!target.paused().empty() || !target.takes_bulk_inserts()) return {};
  return {target.columns().get(), found->second.loading_since};
}

std::size_t Tables::insert(const InsertRun& run) {
  return topics_.find(run.topic())->second.targets.front().writer().insert(run.rows());
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
