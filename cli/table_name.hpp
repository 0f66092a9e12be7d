#pragma once

#include <string>
#include <vector>

#include "postgres/connection.hpp"

namespace mailboat::cli {

/// Resolves names of tables as SQL would (`users`, `public.users`, `"My Schema"."Order"`) and returns them
/// fully qualified and quoted where needed. Throws InvalidInput for the first that is not there: the sentence
/// shows how to write the name if only the schema or the quotes were missing. Not inside a Transaction.
std::vector<std::string> resolve_tables(postgres::Connection& connection,
                                        const std::vector<std::string>& names);

}  // namespace mailboat::cli
