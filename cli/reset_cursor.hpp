#pragma once

#include <string>

#include "cli/command.hpp"
#include "postgres/connection.hpp"

namespace mailboat::cli {

struct ResetCursor {
  bool ask = true;    ///< the operator has to confirm it
  bool wait = false;  ///< until all tables are loaded
};

/// Has the next session of a subscription take its replica for one of another history: whatever that knows by
/// ids is forgotten, and all its tables are loaded in place. Says so, and shows how it goes if that is
/// wanted. Failed when a signal came before the end. Throws Error when there is no such subscription, or when
/// it is not confirmed.
ExitCode reset_cursor(const Context& context, postgres::Connection& connection, const std::string& name,
                      const ResetCursor& how);

}  // namespace mailboat::cli
