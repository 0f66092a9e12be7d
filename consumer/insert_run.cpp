#include "consumer/insert_run.hpp"

namespace mailboat::consumer {

void InsertRun::begin(std::string_view topic, Place place) {
  clear();
  topic_ = topic;
  place_ = place;
}

bool InsertRun::add(const Event& event, const RowAhead& ahead) {
  const bool fits = event.op == Op::Insert && place_.columns != nullptr && ahead.columns == place_.columns &&
                    event.id >= place_.since;
  if (!fits) return false;
  events_.push_back(event);
  rows_.push_back({ahead.values, static_cast<std::int64_t>(event.id)});
  return true;
}

void InsertRun::clear() {
  events_.clear();
  rows_.clear();
}

}  // namespace mailboat::consumer
