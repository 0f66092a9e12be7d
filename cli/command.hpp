#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/command_line.hpp"
#include "postgres/connection.hpp"

namespace mailboat::cli {

/// What a command gets to work with. Everything outlives the run.
struct Context {
  std::string postgres;  ///< connection string, as libpq takes it
  const CommandLine& line;
  Terminal terminal;
};

/// One command of the program: it declares its arguments, then runs once they are set.
class Command {
 public:
  virtual ~Command() = default;
  virtual void declare(CommandLine& line) = 0;
  /// Throws Error with the sentence that the operator is to read; the program then ends with
  /// ExitCode::Failed.
  virtual ExitCode run(const Context& context) = 0;
};

/// A row of the command table: the help text, the completion script and the program are made from it.
struct CommandRow {
  std::string name;
  std::string summary;
  std::string example;
  std::function<std::unique_ptr<Command>()> make;  ///< empty for a row that only holds commands
  std::vector<CommandRow> commands = {};           ///< what can follow the name: `failed list`
};

/// All commands, in the order of the help text.
const std::vector<CommandRow>& commands();

/// A connection for a command that needs nothing of the schema.
postgres::Connection connect(const Context& context);
/// A connection to a database that `mailboat migrate` has brought to this program's schema.
/// Throws Fatal, naming the remedy, when it has not.
postgres::Connection connect_to_outbox(const Context& context);

}  // namespace mailboat::cli
