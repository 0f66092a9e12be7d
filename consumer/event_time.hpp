#pragma once

#include <string>

#include "common/event.hpp"

namespace mailboat::consumer {

/// When an event was captured, as a `timestamp with time zone` stands in SQLite: `2020-04-13 05:01:31.5Z`.
[[nodiscard]] std::string event_time_text(EventTime time);

}  // namespace mailboat::consumer
