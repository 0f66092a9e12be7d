#include "consumer/rows_ahead.hpp"

#include <algorithm>

#include "common/error.hpp"

namespace mailboat::consumer {
namespace {

// Less is written as quickly as it is handed over. It also keeps the batch's text from lying in the string
// object itself, where it would not stay when the batch is moved.
constexpr std::size_t least_bytes = std::size_t{16} << 10;
// More is a single event; its escaped texts would be there twice.
constexpr std::size_t most_bytes = std::size_t{4} << 20;
// 2 MiB: as credit bounds the frames that wait, all that is decoded of them stays below 20 MiB.
constexpr std::size_t most_values = (std::size_t{2} << 20) / sizeof(Value);

bool has_row(const Event& event) {
  return (event.op == Op::Insert || event.op == Op::Update) && !event.payload.empty();
}

}  // namespace

RowAhead RowsAhead::of(std::size_t event) const {
  if (event >= places_.size() || places_[event].columns == 0) return {};
  const auto* const columns = columns_[places_[event].columns - 1].get();
  return {columns, std::span(values_).subspan(places_[event].begin, columns->size())};
}

std::shared_ptr<AheadDecoder::Known> AheadDecoder::known(const std::string& topic) {
  auto columns = columns_.of(topic);
  if (!columns || columns->empty()) {
    known_.erase(topic);
    return nullptr;
  }
  auto& known = known_[topic];
  if (!known || known->columns != columns) {
    known = std::make_shared<Known>(Known{columns, RowDecoder(*columns)});
  }
  return known;
}

RowsAhead AheadDecoder::decode(const EventBatch& events) {
  RowsAhead rows;
  const auto bytes = events.payloads().bytes();
  if (bytes < least_bytes || bytes > most_bytes) return rows;
  std::vector<std::shared_ptr<Known>> topics;
  std::size_t widest = 0;
  for (const auto& topic : events.topic_names()) {
    const auto& found = topics.emplace_back(known(topic));
    rows.columns_.push_back(found ? found->columns : nullptr);
    if (found) widest = std::max(widest, found->columns->size());
  }
  if (widest == 0) return rows;
  rows.places_.reserve(events.size());
  rows.values_.reserve(std::min(most_values, events.size() * widest));
  decode(events, topics, rows);
  return rows;
}

// The values must not move while they are decoded, nor afterwards: room for them has been reserved.
void AheadDecoder::decode(const EventBatch& events, const std::vector<std::shared_ptr<Known>>& topics,
                          RowsAhead& rows) {
  const auto& buffer = events.payloads().texts();
  const auto* const buffer_end = buffer.data() + buffer.size();
  events.for_each([&](const Event& event) {
    auto& place = rows.places_.emplace_back();
    const auto topic = events.topics()[rows.places_.size() - 1];
    const auto& known = topics[topic];
    if (!known || !has_row(event)) return;
    const auto begin = rows.values_.size();
    const auto width = known->columns->size();
    if (begin + width > rows.values_.capacity()) return;
    rows.values_.resize(begin + width);
    try {
      known->decoder.decode(event.payload, buffer_end, std::span(rows.values_).subspan(begin), rows.texts_);
      place = {topic + 1, static_cast<std::uint32_t>(begin)};
      ++rows.rows_;
    } catch (const InvalidInput&) {
      rows.values_.resize(begin);  // what is wrong is told when it is the event's turn
    }
  });
}

}  // namespace mailboat::consumer
