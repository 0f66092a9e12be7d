#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "common/event.hpp"
#include "consumer/rows_ahead.hpp"
#include "consumer/value_rows.hpp"

namespace mailboat::consumer {

/// Inserts of one topic that follow each other in a batch of events, and were decoded before their turn: they
/// can be written together. What it holds is the batch's.
class InsertRun {
 public:
  /// With fewer it is quicker to write each by itself.
  static constexpr std::size_t worthwhile = 8;

  /// Which inserts of a topic can be written together.
  struct Place {
    const std::vector<Column>* columns = nullptr;  ///< what they must be decoded for; nullptr: none can
    EventId since = 0;                             ///< from this id on
  };

  /// Begins another run.
  void begin(std::string_view topic, Place place);
  /// The topic of the last begin().
  [[nodiscard]] std::string_view topic() const { return topic_; }
  /// False when the event cannot be written together with others.
  bool add(const Event& event, const RowAhead& ahead);

  [[nodiscard]] std::span<const ValueRow> rows() const { return rows_; }
  [[nodiscard]] std::span<const Event> events() const { return events_; }
  /// Of events()[number].
  [[nodiscard]] RowAhead ahead(std::size_t number) const { return {place_.columns, rows_[number].values}; }
  void clear();

 private:
  std::string_view topic_;
  Place place_;
  std::vector<Event> events_;
  std::vector<ValueRow> rows_;
};

}  // namespace mailboat::consumer
