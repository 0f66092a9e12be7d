#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include "common/event.hpp"
#include "consumer/route_trial.hpp"
#include "consumer/target.hpp"

namespace mailboat::consumer {

/// Writes rows of the source to a target with rows of the source, as a load does, and reads back what stands
/// there. Within whatever transaction is open; one row's refusal does not keep the others back.
WrittenTable load_rows(SQLite::Database& database, Target& target, const TextColumn& rows);

/// The same with events, to a target of either kind.
WrittenTable apply_events(SQLite::Database& database, Target& target, const EventBatch& events);

}  // namespace mailboat::consumer
