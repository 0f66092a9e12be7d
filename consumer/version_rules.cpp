#include "consumer/version_rules.hpp"

#include "consumer/target_sql.hpp"
#include "consumer/target_writer.hpp"
#include "consumer/value_binding.hpp"

namespace mailboat::consumer {

bool is_newer(std::int64_t version, const Event& event,
              const std::function<Snapshot(std::int64_t)>& snapshot_of) {
  if (version >= 0) return version > static_cast<std::int64_t>(event.id);
  return snapshot_of(-version).covers(event.transaction);
}

bool VersionRules::row_overtaken(const TargetPlan& plan, const Event& event, const std::vector<Value>& key) {
  return is_newer_here(row_version(plan, key), event) || is_newer_here(tombstone(plan, key_text(key)), event);
}

bool VersionRules::already_deleted(const TargetPlan& plan, const Event& event,
                                   const std::vector<Value>& key) {
  return event.op == Op::Delete && tombstone(plan, key_text(key)) == static_cast<std::int64_t>(event.id) &&
         !row_version(plan, key);
}

bool VersionRules::table_overtaken(const TargetPlan& plan, const Event& event) {
  return bookkeeping_.load_brings(std::string(event.topic), event.transaction) ||
         is_newer_here(tombstone(plan, whole_table), event);
}

std::optional<std::int64_t> VersionRules::row_version(const TargetPlan& plan, const std::vector<Value>& key) {
  SQLite::Statement row(database_, select_version(plan));
  bind(row, key);
  if (!row.executeStep()) return std::nullopt;
  return row.getColumn(0).getInt64();
}

std::optional<std::int64_t> VersionRules::tombstone(const TargetPlan& plan, const std::string& key) {
  SQLite::Statement row(database_,
                        "SELECT version FROM _mailboat_tombstone WHERE table_name = ? AND key = ?");
  row.bind(1, graves_of(plan));
  row.bind(2, key);
  if (!row.executeStep()) return std::nullopt;
  return row.getColumn(0).getInt64();
}

bool VersionRules::is_newer_here(std::optional<std::int64_t> version, const Event& event) {
  return version &&
         is_newer(*version, event, [this](std::int64_t chunk) { return bookkeeping_.chunk_snapshot(chunk); });
}

}  // namespace mailboat::consumer
