#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/snapshot.hpp"
#include "consumer/relation.hpp"
#include "consumer/row_decoder.hpp"
#include "postgres/connection.hpp"

namespace mailboat::bench {

/// A tracked table: the R event that describes it, as written and as understood.
struct Description {
  std::string payload;
  consumer::Relation relation;
};
Description describe(postgres::Connection& connection, const std::string& topic);

/// Rows as SQLite takes them, one after the other in memory: the events of a window, decoded beforehand.
class DecodedRows {
 public:
  DecodedRows(postgres::Connection& connection, const Snapshot& from, const consumer::Relation& relation);

  [[nodiscard]] std::size_t size() const { return ids_.size(); }
  [[nodiscard]] std::size_t columns() const { return columns_; }
  [[nodiscard]] std::int64_t id(std::size_t row) const { return ids_[row]; }
  [[nodiscard]] const consumer::Value* cells(std::size_t row) const { return &cells_[row * columns_]; }

 private:
  std::size_t columns_;
  std::vector<std::int64_t> ids_;
  std::vector<consumer::Value> cells_;
  std::vector<std::string> texts_;  // a page each: what is in them must not move
};

}  // namespace mailboat::bench
