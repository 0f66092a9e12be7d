#include "consumer/second_pass.hpp"

#include <SQLiteCpp/Savepoint.h>
#include <algorithm>

#include "consumer/attempt.hpp"

namespace mailboat::consumer {
namespace {

// One that does not fit may hold the value that the next one needs. Each round leaves these out; more rounds
// than this are a long chain of which one link is broken.
constexpr int most_rounds = 10;

class SecondPass {
 public:
  SecondPass(SQLite::Database& database, Tables& tables, DeferredEvents& deferred)
      : database_(database), tables_(tables), deferred_(deferred) {}

  /// Returns those that were refused.
  std::vector<EventId> try_each(const std::vector<EventId>& ids) {
    std::vector<EventId> refused;
    for (const auto id : ids) {
      const auto entry = deferred_.read(id);
      const auto refusal =
          attempt(database_, [&] { tables_.apply_again(entry.event(), entry.buffer_end(), nullptr); });
      if (refusal) refused.push_back(id);
    }
    return refused;
  }

  /// Returns those that were refused.
  std::vector<EventId> try_together(std::vector<EventId> ids) {
    std::vector<EventId> refused;
    for (int round = 0; round < most_rounds && ids.size() > 1; ++round) {
      SQLite::Savepoint savepoint(database_, "together");  // rolled back unless released
      auto misfits = displace_each(ids);
      if (misfits.empty()) misfits = try_each(ids);
      if (misfits.empty()) {
        savepoint.release();
        return refused;
      }
      refused.insert(refused.end(), misfits.begin(), misfits.end());
      std::erase_if(ids, [&misfits](EventId id) {
        return std::find(misfits.begin(), misfits.end(), id) != misfits.end();
      });
    }
    refused.insert(refused.end(), ids.begin(), ids.end());
    return refused;
  }

 private:
  std::vector<EventId> displace_each(const std::vector<EventId>& ids) {
    std::vector<EventId> refused;
    for (const auto id : ids) {
      const auto entry = deferred_.read(id);
      bool displaced = false;
      const auto refusal =
          attempt(database_, [&] { displaced = tables_.displace(entry.event(), entry.buffer_end()); });
      if (refusal || !displaced) refused.push_back(id);
    }
    return refused;
  }

  SQLite::Database& database_;
  Tables& tables_;
  DeferredEvents& deferred_;
};

}  // namespace

std::vector<Rejection> second_pass(SQLite::Database& database, Tables& tables, DeferredEvents& deferred,
                                   std::optional<std::string_view> topic) {
  const auto ids = deferred.ids(topic);
  SecondPass pass(database, tables, deferred);
  auto refused = pass.try_together(pass.try_each(ids));
  std::sort(refused.begin(), refused.end());
  std::vector<Rejection> rejections;
  for (const auto id : refused) {
    const auto entry = deferred.read(id);
    rejections.push_back({id, entry.transaction, entry.reason});
  }
  for (const auto id : ids) deferred.remove(id);
  return rejections;
}

}  // namespace mailboat::consumer
