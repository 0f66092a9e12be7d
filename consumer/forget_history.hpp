#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <string>
#include <vector>

#include "common/event.hpp"
#include "consumer/target_plan.hpp"

namespace mailboat::consumer {

/// Takes the meaning from every id that the file has of a history which `source` no longer has: ids of
/// events, and whatever is measured by ids of transactions. What other sources have brought stays as it is.
/// Events up to `shared_events` are the same in both histories, so what they left stays as it is.
///
/// Rows stay, and count as older than any event to come. The loads that follow in the same transaction put
/// those of tracked tables right; a row of an application's topic waits for the next event of its key.
/// `plans`: where rows carry ids; `graves`: graves_of() each table of the source. Within the open
/// transaction. Throws SQLite::Exception.
void forget_history(SQLite::Database& database, const std::string& source,
                    const std::vector<TargetPlan>& plans, const std::vector<std::string>& graves,
                    EventId shared_events);

}  // namespace mailboat::consumer
