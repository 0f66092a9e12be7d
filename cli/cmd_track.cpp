#include "cli/cmd_track.hpp"

#include "cli/table_name.hpp"

namespace mailboat::cli {
namespace {

std::optional<std::string> array_or_null(const std::optional<std::vector<std::string>>& values) {
  if (!values) return std::nullopt;
  return postgres::array_literal(*values);
}

// Options that are not given go as NULL: they stay as they were, or take their default for a new table.
class Track : public Command {
 public:
  void declare(CommandLine& line) override {
    line.position(
        {.name = "TABLE",
         .value = "",
         .help = "Names as in SQL; capitals and special characters in double quotes inside single ones",
         .required = true},
        tables_);
    line.argument({.name = "key",
                   .value = "COLUMN,...",
                   .help = "Columns that are unique and not null, for tables without a primary key"},
                  key_);
    line.argument({.name = "exclude",
                   .value = "COLUMN,...",
                   .help = "Columns that stay out of the log altogether; '' for none again"},
                  exclude_);
    line.argument(
        {.name = "capture",
         .value = "MODE",
         .help = "row (the default: cheapest for small transactions) or statement (for bulk changes)",
         .choices = {"row", "statement"}},
        capture_);
  }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    const auto tables = resolve_tables(connection, tables_);
    postgres::Transaction transaction(connection, postgres::Transaction::Kind::ReadWrite);
    std::vector<std::string> topics;
    for (const auto& table : tables) {
      const auto rows = transaction.query("SELECT outbox.track($1::regclass, $2::text[], $3::text[], $4)",
                                          {table, array_or_null(key_), array_or_null(exclude_), capture()});
      topics.emplace_back(rows.text(0, 0));
    }
    transaction.commit();
    for (const auto& topic : topics) context.terminal.out << "tracking " << topic << '\n';
    return ExitCode::Done;
  }

 private:
  [[nodiscard]] std::optional<std::string> capture() const {
    return capture_.empty() ? std::nullopt : std::optional(capture_);
  }

  std::vector<std::string> tables_;
  std::optional<std::vector<std::string>> key_;
  std::optional<std::vector<std::string>> exclude_;
  std::string capture_;
};

}  // namespace

std::unique_ptr<Command> make_track() { return std::make_unique<Track>(); }

}  // namespace mailboat::cli
