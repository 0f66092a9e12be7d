#pragma once

#include "common/error.hpp"

namespace mailboat::consumer {

/// The SQLite file cannot be used now: locked by a writer, disk full, I/O error. Roll back, wait, open it
/// again.
class ReplicaUnavailable : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

/// What stands at the path is no SQLite database. A wrong path, if it was so from the start.
class NotADatabase : public ReplicaUnavailable {
 public:
  using ReplicaUnavailable::ReplicaUnavailable;
};

/// One source cannot go on before somebody mends what is wrong with its tables here. Its producer is to know.
class SourceStopped : public Fatal {
 public:
  using Fatal::Fatal;
};

/// So many events of one window cannot be applied that something bigger must be wrong than these events.
class RejectionStorm : public SourceStopped {
 public:
  using SourceStopped::SourceStopped;
};

/// A table that would be made for a source belongs to another one.
class TableTaken : public SourceStopped {
 public:
  using SourceStopped::SourceStopped;
};

/// What an error of SQLite is about.
enum class ErrorScope {
  Constraint,  ///< the one row, as the other rows stand now: it may fit when these have changed
  Event,       ///< the one row
  Database,    ///< the file as a whole: nothing can be written now
};

/// Of an extended result code. Source: SQLite, "Result and Error Codes". Pure.
[[nodiscard]] ErrorScope scope_of(int extended_code);

}  // namespace mailboat::consumer
