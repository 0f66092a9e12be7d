// How tables take in loads, and what a verification reads of them.
#include <algorithm>

#include "common/error.hpp"
#include "consumer/load_sweep.hpp"
#include "consumer/tables.hpp"
#include "consumer/target_sql.hpp"

namespace mailboat::consumer {

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
  for (auto& target : topic.targets) {
    if (!target.paused().empty() || !target.has_rows_of_source()) continue;
    target.writer().load(chunk, piece.rows);
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

}  // namespace mailboat::consumer
