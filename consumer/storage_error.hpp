#pragma once

#include "common/error.hpp"

namespace mailboat::consumer {

/// One event cannot be applied: a constraint, a bad value, no table for it. The message names event, table
/// and reason.
class EventRefused : public Fatal {
 public:
  using Fatal::Fatal;
};

/// The SQLite file cannot be used now: locked by a writer, disk full, I/O error. Roll back, wait, open it
/// again.
class ReplicaUnavailable : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

/// True when an extended result code of SQLite is about the one row that was to be written, false when it is
/// about the database as a whole. Source: SQLite, "Result and Error Codes". Pure.
[[nodiscard]] bool is_about_event(int extended_code);

}  // namespace mailboat::consumer
