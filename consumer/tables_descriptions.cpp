// How tables follow the descriptions that come from the source.
#include <SQLiteCpp/Savepoint.h>
#include <algorithm>

#include "common/error.hpp"
#include "common/log.hpp"
#include "consumer/load_sweep.hpp"
#include "consumer/table_alteration.hpp"
#include "consumer/tables.hpp"

namespace mailboat::consumer {

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

}  // namespace mailboat::consumer
