#pragma once

#include <optional>
#include <string>
#include <vector>

#include "postgres/connection.hpp"

namespace mailboat::cli {

/// Resolves names of tables as SQL would (`users`, `public.users`, `"My Schema"."Order"`) and returns them
/// fully qualified and quoted where needed. Throws InvalidInput for the first that is not there: the sentence
/// shows how to write the name if only the schema or the quotes were missing. Not inside a Transaction.
std::vector<std::string> resolve_tables(postgres::Connection& connection,
                                        const std::vector<std::string>& names);

/// The topics of tracked tables that are named as a topic (`public.users`) or as SQL would. A table need not
/// be tracked: whoever takes the topic says so. Throws as resolve_tables().
std::vector<std::string> topics_of_tables(postgres::Connection& connection,
                                          const std::vector<std::string>& names);

/// For a parameter that is cast to text[]: NULL, which means all, when there are none.
std::optional<std::string> topics_or_all(const std::vector<std::string>& topics);

}  // namespace mailboat::cli
