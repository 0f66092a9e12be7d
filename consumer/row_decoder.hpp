#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "consumer/column_form.hpp"
#include "consumer/relation.hpp"
#include "consumer/text_arena.hpp"

namespace mailboat::consumer {

/// A value on its way to SQLite.
struct Value {
  enum class Kind : std::uint8_t { Null, Integer, Real, Text, Blob };
  Kind kind = Kind::Null;
  union {
    std::int64_t integer = 0;
    double real;
  };
  std::string_view text = {};  ///< of Text and Blob; seen in place, wherever whoever made the value keeps it
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
  /// buffer's last texts. The result, in the order of the columns, is valid until the next call, and as long
  /// as `json`. Throws InvalidInput.
  const std::vector<Value>& decode(std::string_view json, const char* buffer_end);
  /// The same to `values`, as many as columns. Their texts stay in `json` and in `texts`.
  void decode(std::string_view json, const char* buffer_end, std::span<Value> values, TextArena& texts);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mailboat::consumer
