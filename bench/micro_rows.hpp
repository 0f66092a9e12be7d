#pragma once

#include <cstdint>
#include <string>

#include "bench/decoded_rows.hpp"
#include "common/event.hpp"

/// Scrobbles for the small benchmarks, as PostgreSQL would have described and written them.
namespace mailboat::bench {

Description scrobble_table();

/// 8 columns, about 320 bytes of JSON.
std::string scrobble_json(std::uint64_t id);

/// Inserts of the rows `first`, first + 1, ...: about as many as a frame holds. Event, transaction and row
/// have the same number.
inline constexpr std::uint64_t events_per_frame = 3000;
EventBatch scrobble_events(std::uint64_t first);

}  // namespace mailboat::bench
