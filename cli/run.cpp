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
  return ". Connect as the role that ran mailboat migrate or as a superuser; for status, a member of "
         "outbox_producer "
         "will do";
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
  std::map<std::string, std::unique_ptr<Command>> made;
  for (const auto& row : commands()) {
    auto command = row.make();
    command->declare(line.command(row.name, row.summary, row.example));
    made.emplace(row.name, std::move(command));
  }
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
