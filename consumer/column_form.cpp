#include "consumer/column_form.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace mailboat::consumer {
namespace {

using Entry = std::pair<std::string_view, Form>;

constexpr std::array<Entry, 14> forms{{{"smallint", Form::Integer},
                                       {"integer", Form::Integer},
                                       {"bigint", Form::Integer},
                                       {"oid", Form::Integer},
                                       {"boolean", Form::Boolean},
                                       {"real", Form::Real},
                                       {"double precision", Form::Real},
                                       {"bytea", Form::Blob},
                                       {"json", Form::Json},
                                       {"jsonb", Form::Json},
                                       {"timestamp without time zone", Form::Timestamp},
                                       {"timestamp with time zone", Form::TimestampWithZone},
                                       {"numeric", Form::Text},
                                       {any_type, Form::Any}}};

// A double keeps 15 significant digits, whatever they are, if it is not too near the ends of its range; so
// does SQLite's NUMERIC. PostgreSQL's scale may be negative, or up to 1000. Source: SQLite, "Datatypes In
// SQLite", 3 "Type Affinity"; PostgreSQL manual, 8.1.2 "Arbitrary Precision Numbers".
constexpr int exact_digits = 15;
constexpr int largest_scale = 290;

Form form_of_numeric(std::string_view modifiers) {
  const auto* end = modifiers.data() + modifiers.size();
  int precision = 0;
  int scale = 0;
  const auto* comma = std::from_chars(modifiers.data(), end, precision).ptr;
  if (comma != end && *comma == ',') std::from_chars(comma + 1, end, scale);
  const bool is_exact =
      precision > 0 && precision <= exact_digits && scale >= -largest_scale && scale <= largest_scale;
  return is_exact ? Form::Numeric : Form::Text;
}

}  // namespace

Form form_of(std::string_view type) {
  if (type.ends_with("[]") || type.ends_with("}")) return Form::Text;
  if (type.starts_with("numeric(")) return form_of_numeric(type.substr(8));
  if (type.starts_with("timestamp(")) {
    return type.ends_with("without time zone") ? Form::Timestamp : Form::TimestampWithZone;
  }
  for (const auto& [name, form] : forms) {
    if (name == type) return form;
  }
  return Form::Text;
}

std::string_view declared_type(Form form) {
  switch (form) {
    case Form::Integer:
    case Form::Boolean:
      return "INTEGER";
    case Form::Real:
      return "REAL";
    case Form::Numeric:
      return "NUMERIC";
    case Form::Blob:
    case Form::Any:  // the one declared type that converts nothing
      return "BLOB";
    case Form::Text:
    case Form::Timestamp:
    case Form::TimestampWithZone:
    case Form::Json:
      break;
  }
  return "TEXT";
}

}  // namespace mailboat::consumer
