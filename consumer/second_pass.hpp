#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <optional>
#include <string_view>
#include <vector>

#include "common/messages.hpp"
#include "consumer/deferred_events.hpp"
#include "consumer/tables.hpp"

namespace mailboat::consumer {

/// Tries the deferred events again, now that other rows have changed: first one by one in order, which is
/// enough where a value that was taken has become free. What is left may be waiting for each other, as where
/// a transaction has swapped unique values; so the rows they are about are taken out together and written
/// anew, all of those that then fit, or none.
///
/// Returns those that are refused still, with the reason they were deferred for. All of the topic's (of all
/// topics', without one) are settled then. Throws ReplicaUnavailable.
[[nodiscard]] std::vector<Rejection> second_pass(SQLite::Database& database, Tables& tables,
                                                 DeferredEvents& deferred,
                                                 std::optional<std::string_view> topic);

}  // namespace mailboat::consumer
