#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "consumer/relation.hpp"

namespace mailboat::consumer {

/// What a topic's rows are decoded into. Two of them are the same only if they are one object, so that
/// whoever holds one can tell whether it is still in force.
using SharedColumns = std::shared_ptr<const std::vector<Column>>;

/// The columns that each topic's rows are written with at present, for who decodes rows before their turn: a
/// good guess, as a description that comes first may change them. Any thread.
class ColumnsInForce {
 public:
  void set(const std::string& topic, SharedColumns columns);
  void remove(std::string_view topic);
  void clear();
  /// nullptr: rows of this topic are not to be decoded before their turn.
  [[nodiscard]] SharedColumns of(std::string_view topic) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, SharedColumns, std::less<>> columns_;  // guarded by mutex_
};

}  // namespace mailboat::consumer
