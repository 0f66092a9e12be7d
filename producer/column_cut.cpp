#include "producer/column_cut.hpp"

#include <iterator>
#include <utility>

namespace mailboat::producer {
namespace {

using Renames = std::vector<ColumnCut::Rename>;

// What the columns were called before all of [first, last), which happened at once. Another column may have
// had a name that stands on the list now: it is not the one that is meant.
Names before(const Names& names, Renames::const_iterator first, Renames::const_iterator last) {
  auto earlier = names;
  for (auto rename = first; rename != last; ++rename) {
    earlier.erase(rename->before);
    earlier.erase(rename->after);
  }
  for (auto rename = first; rename != last; ++rename) {
    if (names.contains(rename->after)) earlier.insert(rename->before);
  }
  return earlier;
}

}  // namespace

void ColumnCut::restrict(const std::string& topic, Names names, const Renames& renames, EventId through) {
  auto& periods = periods_[topic];
  for (auto first = renames.begin(); first != renames.end();) {
    auto last = first;
    while (last != renames.end() && last->through == first->through) ++last;
    periods[first == renames.begin() ? through : std::prev(first)->through] = names;
    names = before(names, first, last);
    first = last;
  }
  periods[renames.empty() ? through : renames.back().through] = std::move(names);
}

Event ColumnCut::cut(const Event& event, std::string& buffer) const {
  const auto restricted = periods_.find(event.topic);
  if (restricted == periods_.end() || event.payload.empty()) return event;
  const auto period = restricted->second.lower_bound(event.id);
  if (period == restricted->second.end()) return event;
  const auto& names = period->second;
  buffer = event.op == Op::Relation ? only_columns(event.payload, names) : only_members(event.payload, names);
  auto cut = event;
  cut.payload = buffer;
  return cut;
}

const Names* ColumnCut::columns_of(std::string_view topic) const {
  const auto restricted = periods_.find(topic);
  if (restricted == periods_.end()) return nullptr;
  const auto now = restricted->second.find(always);
  return now == restricted->second.end() ? nullptr : &now->second;
}

}  // namespace mailboat::producer
