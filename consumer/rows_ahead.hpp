#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/event.hpp"
#include "consumer/columns_in_force.hpp"
#include "consumer/row_decoder.hpp"
#include "consumer/text_arena.hpp"

namespace mailboat::consumer {

/// A row that was decoded before its turn.
struct RowAhead {
  const std::vector<Column>* columns = nullptr;  ///< what for, see SharedColumns; nullptr: it was not decoded
  std::span<const Value> values = {};

  /// The values if `wanted` is what they were decoded for; otherwise none.
  [[nodiscard]] std::span<const Value> as(const SharedColumns& wanted) const {
    return columns != nullptr && columns == wanted.get() ? values : std::span<const Value>();
  }
};

/// Rows of one batch of events, decoded before their turn. Their texts are the batch's, which must live as
/// long; moving the batch is fine.
class RowsAhead {
 public:
  /// Of the batch's event number `event`.
  [[nodiscard]] RowAhead of(std::size_t event) const;
  /// How many were decoded.
  [[nodiscard]] std::size_t size() const { return rows_; }

 private:
  friend class AheadDecoder;
  struct Place {
    std::uint32_t columns = 0;  // number in columns_, from 1; 0: not decoded
    std::uint32_t begin = 0;    // in values_
  };
  std::vector<SharedColumns> columns_;
  std::vector<Place> places_;  // by event; those behind the end were not decoded
  std::vector<Value> values_;
  TextArena texts_;
  std::size_t rows_ = 0;
};

/// Decodes rows before their turn, so that this can happen on another thread than writing them. Whatever is
/// wrong with a row is left to its turn: it is not decoded. One thread; `columns` must outlive it.
class AheadDecoder {
 public:
  explicit AheadDecoder(const ColumnsInForce& columns) : columns_(columns) {}

  /// Nothing where it would not pay or take much memory: of small batches, of huge ones, and of what is
  /// beyond a certain number of values.
  RowsAhead decode(const EventBatch& events);

 private:
  struct Known {
    SharedColumns columns;
    RowDecoder decoder;
  };
  std::shared_ptr<Known> known(const std::string& topic);
  void decode(const EventBatch& events, const std::vector<std::shared_ptr<Known>>& topics, RowsAhead& rows);

  const ColumnsInForce& columns_;
  std::map<std::string, std::shared_ptr<Known>> known_;  // by topic
};

}  // namespace mailboat::consumer
