#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/snapshot.hpp"

namespace mailboat {

/// `outbox.event.id`: ascending per key in commit order.
using EventId = std::uint64_t;

/// `outbox.event.created_at`: when the event's transaction began.
using EventTime = std::chrono::sys_time<std::chrono::microseconds>;

/// `outbox.event.op`, as it stands in the table and on the wire.
enum class Op : char { Insert = 'I', Update = 'U', Delete = 'D', Truncate = 'T', Relation = 'R' };

[[nodiscard]] constexpr bool is_op(char letter) {
  return letter == 'I' || letter == 'U' || letter == 'D' || letter == 'T' || letter == 'R';
}

/// One row of `outbox.event`, seen in place. The views live as long as the EventBatch that they came from.
struct Event {
  EventId id = 0;
  TransactionId transaction = 0;
  std::string_view topic;
  Op op = Op::Update;
  std::string_view payload;   ///< JSON as PostgreSQL wrote it; empty where it wrote NULL
  EventTime created_at = {};  ///< known where the replica has asked for it
};

/// JSON texts one after the other in one buffer: no allocation per text.
class TextColumn {
 public:
  TextColumn() = default;
  /// Throws InvalidInput unless the sizes add up to the buffer's.
  TextColumn(std::vector<std::uint32_t> sizes, std::string texts);

  void add(std::string_view text);
  [[nodiscard]] std::size_t size() const { return sizes_.size(); }
  [[nodiscard]] std::size_t bytes() const { return texts_.size(); }
  [[nodiscard]] const std::vector<std::uint32_t>& sizes() const { return sizes_; }
  [[nodiscard]] const std::string& texts() const { return texts_; }

  /// Calls `use(index, text)` for each text in order.
  template <typename Use>
  void for_each(const Use& use) const {
    std::string_view rest = texts_;
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
      use(i, rest.substr(0, sizes_[i]));
      rest.remove_prefix(sizes_[i]);
    }
  }

 private:
  std::vector<std::uint32_t> sizes_;
  std::string texts_;
};

/// Events of a window, column by column (entry i of every list belongs to event i), so that neither reading,
/// sending nor decoding allocates per event.
class EventBatch {
 public:
  EventBatch() = default;
  /// From the wire. Throws InvalidInput when the columns do not fit each other or hold an unknown op or
  /// topic.
  EventBatch(std::vector<std::string> topic_names, std::vector<std::uint32_t> topics,
             std::vector<EventId> ids, std::vector<TransactionId> transactions, std::string ops,
             TextColumn payloads, std::vector<EventTime> times = {});

  void add(const Event& event);

  [[nodiscard]] std::size_t size() const { return ids_.size(); }
  [[nodiscard]] bool empty() const { return ids_.empty(); }
  /// About what it will take on the wire.
  [[nodiscard]] std::size_t bytes() const { return payloads_.bytes() + ids_.size() * 16; }

  [[nodiscard]] const std::vector<std::string>& topic_names() const { return topic_names_; }
  [[nodiscard]] const std::vector<std::uint32_t>& topics() const { return topics_; }
  [[nodiscard]] const std::vector<EventId>& ids() const { return ids_; }
  [[nodiscard]] const std::vector<TransactionId>& transactions() const { return transactions_; }
  [[nodiscard]] const std::string& ops() const { return ops_; }
  [[nodiscard]] const TextColumn& payloads() const { return payloads_; }
  /// Empty where no event's time is known.
  [[nodiscard]] const std::vector<EventTime>& times() const { return times_; }

  /// Calls `use(event)` for each event in order.
  template <typename Use>
  void for_each(const Use& use) const {
    payloads_.for_each([&](std::size_t i, std::string_view payload) {
      use(Event{ids_[i], transactions_[i], topic_names_[topics_[i]], static_cast<Op>(ops_[i]), payload,
                times_.empty() ? EventTime{} : times_[i]});
    });
  }

 private:
  [[nodiscard]] std::uint32_t topic_number(std::string_view name);

  std::vector<std::string> topic_names_;
  std::vector<std::uint32_t> topics_;
  std::vector<EventId> ids_;
  std::vector<TransactionId> transactions_;
  std::string ops_;
  TextColumn payloads_;
  std::vector<EventTime> times_;
};

}  // namespace mailboat
