#include "consumer/columns_in_force.hpp"

namespace mailboat::consumer {

void ColumnsInForce::set(const std::string& topic, SharedColumns columns) {
  const std::lock_guard lock(mutex_);
  columns_[topic] = std::move(columns);
}

void ColumnsInForce::remove(std::string_view topic) {
  const std::lock_guard lock(mutex_);
  const auto found = columns_.find(topic);
  if (found != columns_.end()) columns_.erase(found);
}

void ColumnsInForce::clear() {
  const std::lock_guard lock(mutex_);
  columns_.clear();
}

SharedColumns ColumnsInForce::of(std::string_view topic) const {
  const std::lock_guard lock(mutex_);
  const auto found = columns_.find(topic);
  return found == columns_.end() ? nullptr : found->second;
}

}  // namespace mailboat::consumer
