#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "consumer/column_form.hpp"
#include "consumer/relation.hpp"

namespace mailboat::consumer {

/// A value on its way to SQLite. Reused from row to row, so that its text keeps its memory.
struct Value {
  enum class Kind { Null, Integer, Real, Text, Blob };
  Kind kind = Kind::Null;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;  ///< of Text and Blob
};

/// Turns JSON objects, such as row_to_json() writes them, into the values of a fixed list of columns. Fields
/// that no column is read from are passed over; columns whose field is not in the object become NULL. One
/// thread.
class RowDecoder {
 public:
  explicit RowDecoder(std::span<const Column> columns);
  ~RowDecoder();
  RowDecoder(RowDecoder&&) noexcept;
  RowDecoder& operator=(RowDecoder&&) noexcept;

  /// `json` must lie within a buffer that is readable up to `buffer_end`; that spares a copy of all but the
  /// buffer's last texts. The result, in the order of the columns, is valid until the next call. Throws
  /// InvalidInput.
  const std::vector<Value>& decode(std::string_view json, const char* buffer_end);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mailboat::consumer
