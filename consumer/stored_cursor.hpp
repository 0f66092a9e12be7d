#pragma once

#include <string>

#include "common/messages.hpp"

namespace mailboat::consumer {

/// How far a SQLite file has come, and for whom: what `_mailboat_cursor` holds, one row for each source.
struct StoredCursor {
  std::string subscription;
  Cursor cursor;
  EventId last_event_id = 0;
  std::string source = {};  ///< its name here; empty where it is the only one
};

}  // namespace mailboat::consumer
