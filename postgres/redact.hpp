#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mailboat::postgres {

/// `message`, with every quoted part that could be from the password in `conninfo` replaced by ***. libpq
/// quotes back what it could not read, and a password with an unescaped / or @ or a space ends up there in
/// pieces. When the password holds a quote itself, *** stands for everything from the first quote to the
/// last.
std::string redact(std::string_view message, std::string_view conninfo);

/// What stands after the user's name and a colon, up to the last @: in a URI, the password; else empty. A
/// part of `conninfo`.
std::string_view password_of_uri(std::string_view conninfo);

/// The parts of `conninfo` that are, or could be, a password. What stands after one can be among them, for a
/// password may hold what else would end it.
std::vector<std::string_view> passwords_in(std::string_view conninfo);

/// Blanks the passwords of connection strings that were given by `--postgres` in main()'s own arguments,
/// which every user of the machine can read (ps). Whoever wants the arguments copies them before.
void hide_passwords(int argc, char** argv);

}  // namespace mailboat::postgres
