#pragma once

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/event.hpp"
#include "producer/json_parts.hpp"

namespace mailboat::producer {

/// Which columns a subscription may have of some topics. Everything that leaves the producer for it goes
/// through here: what is not on a topic's list is not sent, whatever else it is. Topics without a list are
/// whole.
class ColumnCut {
 public:
  /// A column of a tracked table that got another name. Events up to this id carry the old one.
  struct Rename {
    EventId through = 0;
    std::string before;
    std::string after;
  };

  static constexpr EventId always = std::numeric_limits<EventId>::max();

  /// Of `topic` up to event `through` only these columns, by the names that they had then. `renames`: of the
  /// topic before that, latest first, as far as they are about the same table.
  void restrict(const std::string& topic, Names names, const std::vector<Rename>& renames,
                EventId through = always);

  /// The event as the subscription may have it. Its payload may stand in `buffer`.
  [[nodiscard]] Event cut(const Event& event, std::string& buffer) const;
  /// The names of the columns that may be sent now; nullptr: all.
  [[nodiscard]] const Names* columns_of(std::string_view topic) const;

 private:
  // The names up to an event. Where the last ones end, another table has the topic, and is whole.
  using Periods = std::map<EventId, Names>;

  std::map<std::string, Periods, std::less<>> periods_;
};

}  // namespace mailboat::producer
