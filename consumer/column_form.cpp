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

// SQLite converts text of up to 15 significant digits to a number and back without loss. Source: SQLite,
// "Datatypes In SQLite", 3 "Type Affinity".
constexpr int exact_digits = 15;

Form form_of_numeric(std::string_view modifiers) {
  int precision = 0;
  std::from_chars(modifiers.data(), modifiers.data() + modifiers.size(), precision);
  return precision > 0 && precision <= exact_digits ? Form::Numeric : Form::Text;
}

}  // namespace

Form form_of(std::string_view type) {
  if (type.ends_with("[]")) return Form::Text;
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
