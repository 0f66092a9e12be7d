#pragma once

#include <string_view>

namespace mailboat::consumer {

/// Reads JSON that stands as PostgreSQL nearly always writes it: without blanks, and without escapes. It
/// checks no more than what it goes past. Whatever is not plain is for a real parser.
class PlainJson {
 public:
  enum class Kind { NotPlain, Null, True, False, Number, String };
  struct Scalar {
    Kind kind = Kind::NotPlain;  ///< also of an object or an array
    std::string_view text = {};  ///< as it stands; of a string without its quotes
  };

  /// The 8 bytes behind `json` must be readable.
  explicit PlainJson(std::string_view json) : here_(json.data()), end_(json.data() + json.size()) {}

  /// Goes past `expected` if it stands here.
  bool skip(std::string_view expected);
  /// Goes past a value.
  Scalar scalar();
  [[nodiscard]] bool at_end() const { return here_ == end_; }

 private:
  Scalar literal(Kind kind, std::string_view text);
  Scalar string();
  Scalar number();

  const char* here_;
  const char* end_;
};

}  // namespace mailboat::consumer
