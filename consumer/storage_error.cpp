#include "consumer/storage_error.hpp"

#include <sqlite3.h>

namespace mailboat::consumer {

ErrorScope scope_of(int extended_code) {
  switch (extended_code & 0xff) {
    case SQLITE_CONSTRAINT:
      return ErrorScope::Constraint;
    case SQLITE_ERROR:  // no such table or column, an expression that fails
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
      return ErrorScope::Event;
    default:
      return ErrorScope::Database;
  }
}

}  // namespace mailboat::consumer
