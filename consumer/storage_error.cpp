#include "consumer/storage_error.hpp"

#include <sqlite3.h>

namespace mailboat::consumer {

bool is_about_event(int extended_code) {
  switch (extended_code & 0xff) {
    case SQLITE_ERROR:  // no such table or column, an expression that fails
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
      return true;
    default:
      return false;
  }
}

}  // namespace mailboat::consumer
