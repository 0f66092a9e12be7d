#pragma once

#include <string>

namespace mailboat::postgres {

/// Throws InvalidInput unless libpq can read the connection string, a URI or key=value pairs. Connects to
/// nothing, and looks for no service file. The sentence holds no password.
void require_conninfo(const std::string& conninfo);

/// The connection string with *** for each password in it, also for what is none because it was not escaped.
/// As a whole when libpq cannot read it, or would find a secret in the outcome.
[[nodiscard]] std::string masked_conninfo(const std::string& conninfo);

}  // namespace mailboat::postgres
