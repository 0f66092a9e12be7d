#pragma once

#include <string_view>

#include "consumer/column_form.hpp"
#include "consumer/row_decoder.hpp"

namespace mailboat::consumer {

/// Write one JSON value, as PostgreSQL writes it for a type of this form, to `value`. Its text is seen where
/// it stands, or made in `made`. Throw InvalidInput. Pure.
/// @{
/// Of a JSON string, its escapes resolved.
void decode_string(std::string_view text, Form form, Value& value, TextArena& made);
/// Of a JSON number, as it stands there.
void decode_number(std::string_view token, Form form, Value& value);
void decode_text(std::string_view text, Value& value);
/// @}

}  // namespace mailboat::consumer
