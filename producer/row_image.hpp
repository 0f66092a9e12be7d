#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailboat::producer {

/// Writes rows that COPY has sent as the JSON objects that row_to_json() makes of them, byte for byte, at a
/// third of its price. Only for columns of types whose JSON is plain: see is_plain(). Source:
/// PostgreSQL manual, 9.16 "JSON Functions and Operators" (to_json).
///
/// The session must print values as connect_to_source() has it: TimeZone UTC, ISO dates, hex bytea.
class RowImage {
 public:
  struct Column {
    std::string name;
    std::string type;  ///< as in pg_type.typname, of schema pg_catalog
  };
  /// Whether values of the type can be written here.
  [[nodiscard]] static bool is_plain(std::string_view type);

  /// Of columns that are all plain.
  explicit RowImage(const std::vector<Column>& columns);

  /// The object for a row of just these columns, in COPY's text format. Valid until the next call.
  [[nodiscard]] std::string_view of(std::string_view line);

 private:
  enum class Form { Number, Boolean, Timestamp, TimestampWithZone, String };
  struct Field {
    std::string label;  // {"name": or ,"name":
    Form form;
  };
  static std::optional<Form> form_of(std::string_view type);
  void append(std::string_view field, Form form);

  std::vector<Field> fields_;
  std::string image_;
};

}  // namespace mailboat::producer
