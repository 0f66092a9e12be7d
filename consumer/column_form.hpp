#pragma once

#include <string_view>

namespace mailboat::consumer {

/// The type of what an application publishes: each JSON value says for itself what it is. No column in
/// PostgreSQL can have it.
inline constexpr std::string_view any_type = "any";

/// How a value of a PostgreSQL type stands in SQLite. docs/types.md is the table.
enum class Form {
  Integer,            ///< INTEGER
  Boolean,            ///< INTEGER 0 or 1
  Real,               ///< REAL; NaN and the infinities as text
  Numeric,            ///< a number of up to 15 digits: INTEGER where it is whole, else REAL; NaN as text
  Text,               ///< TEXT as PostgreSQL prints it; arrays and composites as JSON
  Blob,               ///< BLOB
  Timestamp,          ///< TEXT 'YYYY-MM-DD HH:MM:SS[.ffffff]'
  TimestampWithZone,  ///< the same in UTC with 'Z'
  Json,               ///< TEXT, the JSON as PostgreSQL prints it
  Any,                ///< as the JSON value says: INTEGER, REAL where that is exact, or TEXT
};

/// Of a type as outbox.base_type() describes it: format_type()'s words, e.g. `numeric(10,2)`; behind the name
/// of a composite type stands what it is made of, e.g. `public.place{x integer, tags text[]}`. Pure.
[[nodiscard]] Form form_of(std::string_view type);

/// The declared type of a SQLite column that holds such values. Source: SQLite, "Datatypes In SQLite", 3.1.
[[nodiscard]] std::string_view declared_type(Form form);

}  // namespace mailboat::consumer
