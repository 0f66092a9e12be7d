#pragma once

#include <string>
#include <string_view>

namespace mailboat::postgres {

/// `message`, with every quoted part that could be from the password in `conninfo` replaced by ***. libpq
/// quotes back what it could not read, and a password with an unescaped / or @ or a space ends up there in
/// pieces.
std::string redact(std::string_view message, std::string_view conninfo);

}  // namespace mailboat::postgres
