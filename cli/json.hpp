#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mailboat::cli {

/// Valid JSON laid out anew, token by token, so that every digit and every key stays as it was; `depth` is
/// how far its surroundings are indented already. Control characters in its texts become \uNNNN.
std::string indented_json(std::string_view json, int depth = 0);

/// Writes one JSON document, indented, keys in the order in which they are given. The caller keeps begin and
/// end in pairs; a value inside an object follows its key().
class JsonWriter {
 public:
  JsonWriter& begin_object() { return begin('{'); }
  JsonWriter& end_object() { return end('}'); }
  JsonWriter& begin_array() { return begin('['); }
  JsonWriter& end_array() { return end(']'); }
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(std::int64_t number);
  /// Three decimals.
  JsonWriter& value(double number);
  JsonWriter& value(bool truth);
  JsonWriter& null();
  /// A value that is JSON already.
  JsonWriter& json(std::string_view json);
  template <typename Value>
  JsonWriter& value(const std::optional<Value>& maybe) {
    return maybe ? value(*maybe) : null();
  }

  /// The document so far.
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  JsonWriter& begin(char bracket);
  JsonWriter& end(char bracket);
  void separate();
  void new_line();

  std::string text_;
  int depth_ = 0;
  bool first_ = true;  // nothing yet in the innermost object or array
  bool after_key_ = false;
};

}  // namespace mailboat::cli
