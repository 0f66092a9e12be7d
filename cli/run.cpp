#include "cli/run.hpp"

#include <map>

#include "cli/command.hpp"
#include "cli/sentence.hpp"
#include "common/error.hpp"

namespace mailboat::cli {
namespace {

// Where the server's own words do not say what to do.
std::string remedy(const postgres::StatementFailed& error) {
  constexpr auto insufficient_privilege = "42501";
  if (error.sqlstate() != insufficient_privilege) return {};
  return ". Connect as the role that ran mailboat migrate or as a superuser; to look only, a member of "
         "outbox_producer will do";
}

using MadeCommands = std::map<std::string, std::unique_ptr<Command>>;

// `made` gets each command under its whole name, as CommandLine::given_command() says it.
void declare(CommandLine& line, const std::vector<CommandRow>& rows, const std::string& before,
             MadeCommands& made) {
  for (const auto& row : rows) {
    auto& inner = line.command(row.name, row.summary, row.example);
    const auto name = before + row.name;
    declare(inner, row.commands, name + " ", made);
    if (!row.make) continue;
    auto command = row.make();
    command->declare(inner);
    made.emplace(name, std::move(command));
  }
}

}  // namespace

ExitCode run(const std::vector<std::string>& arguments, Terminal terminal, const Environment& environment) {
  CommandLine line("mailboat", "Sets up and watches the carrying of changes from PostgreSQL to SQLite.",
                   "mailboat --postgres postgresql://postgres@localhost/shop status");
  Context context{{}, line, terminal};
  line.setting(
      {.name = "postgres",
       .value = "CONNECTION",
       .help = "The source database: a URI, key=value pairs, or nothing for PGHOST, PGDATABASE and so on"},
      context.postgres);
  MadeCommands made;
  declare(line, commands(), "", made);
  if (const auto code = line.parse(arguments, terminal, environment)) return *code;
  try {
    return made.at(line.given_command())->run(context);
  } catch (const postgres::StatementFailed& error) {
    terminal.err << "mailboat: " << server_sentence(error.what()) << remedy(error) << '\n';
  } catch (const ConfigurationError& error) {
    terminal.err << "mailboat: " << one_line(error.what()) << '\n';
    return ExitCode::Usage;
  } catch (const Error& error) {
    terminal.err << "mailboat: " << one_line(error.what()) << '\n';
  }
  return ExitCode::Failed;
}

}  // namespace mailboat::cli
