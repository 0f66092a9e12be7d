#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <optional>
#include <sqlite3.h>
#include <string>
#include <utility>

#include "common/error.hpp"
#include "consumer/storage_error.hpp"

namespace mailboat::consumer {

/// Why something that came from the source could not be written.
struct WriteRefusal {
  std::string reason;
  bool by_constraint = false;  ///< it may fit when other rows have changed
};

/// One of several targets has refused an event.
class RefusedByTarget : public Error {
 public:
  explicit RefusedByTarget(WriteRefusal refusal) : Error(refusal.reason), refusal_(std::move(refusal)) {}
  [[nodiscard]] const WriteRefusal& refusal() const { return refusal_; }

 private:
  WriteRefusal refusal_;
};

/// Throws when SQLite, answering to one statement, has ended the whole transaction.
inline void require_transaction(SQLite::Database& database, const std::string& reason) {
  if (::sqlite3_get_autocommit(database.getHandle()) == 0) return;
  throw Fatal("a constraint or trigger in SQLite file '" + database.getFilename() +
              "' has rolled back the whole window instead of refusing one row (" + reason +
              "). Nothing of the window has been applied. Change its ROLLBACK to ABORT and start again");
}

/// Runs `work`, which writes what came from the source, within a transaction. Returns why it was refused when
/// the answer is about that; throws ReplicaUnavailable when it is about the database.
template <typename Work>
std::optional<WriteRefusal> attempt(SQLite::Database& database, const Work& work) {
  try {
    work();
    return std::nullopt;
  } catch (const InvalidInput& error) {
    return WriteRefusal{error.what(), false};
  } catch (const RefusedByTarget& error) {
    return error.refusal();
  } catch (const SQLite::Exception& error) {
    const auto scope = scope_of(error.getExtendedErrorCode());
    if (scope == ErrorScope::Database) {
      throw ReplicaUnavailable("cannot write to SQLite file '" + database.getFilename() +
                               "': " + error.what());
    }
    require_transaction(database, error.what());
    return WriteRefusal{std::string("SQLite says: ") + error.what(), scope == ErrorScope::Constraint};
  }
}

}  // namespace mailboat::consumer
