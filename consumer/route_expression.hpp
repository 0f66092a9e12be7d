#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <string>
#include <vector>

namespace mailboat::consumer {

/// What an expression of a route may use beside the columns of the source.
struct ExpressionRights {
  bool subqueries = false;        ///< read other tables of the file
  bool nondeterministic = false;  ///< give another value next time: nobody compares it later
};

/// Checks an expression by having SQLite compile it, and returns the names of its parameters without their
/// colon, each once, in order. Throws InvalidInput, which says what is wrong and what to do.
///
/// What it may do is decided by SQLite's own authorizer, not by looking at the text. Source: SQLite,
/// "C-language Interface", sqlite3_set_authorizer.
std::vector<std::string> check_expression(SQLite::Database& database, const std::string& expression,
                                          ExpressionRights rights);

/// Makes a table with a statement of the operator's. Throws InvalidInput unless it makes just that table and
/// does nothing else.
void run_create_statement(SQLite::Database& database, const std::string& table, const std::string& statement);

}  // namespace mailboat::consumer
