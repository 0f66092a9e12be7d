#include "cli/cmd_routes_preview.hpp"

#include <algorithm>
#include <chrono>

#include "cli/routes_file.hpp"
#include "cli/routes_print.hpp"
#include "cli/sentence.hpp"
#include "common/error.hpp"
#include "consumer/route_trial.hpp"
#include "producer/load_reader.hpp"
#include "producer/source.hpp"

namespace mailboat::cli {
namespace {

using consumer::Route;
using consumer::RouteTrial;
using consumer::WrittenTable;

constexpr std::uint32_t most_rows = 1000;

/// Rows of the table as a load would read them, the first in the order of its key.
TextColumn first_rows(postgres::Connection& connection, const std::string& topic, std::uint32_t rows) {
  const postgres::Transaction transaction(connection, postgres::Transaction::Kind::RepeatableReadOnly);
  const producer::Subscription all;  // without a name
  producer::LoadReader reader(connection, all, static_cast<int>(rows));
  const auto chunk = reader.read({topic, {}}, SIZE_MAX);
  if (!chunk) throw Fatal("cannot read rows of " + topic + ": " + server_sentence(reader.why_not()));
  return chunk->pieces.front().rows;
}

constexpr auto last_events_query = R"sql(
SELECT id, txid, op, payload, (extract(epoch FROM created_at) * 1000000)::bigint FROM (
  SELECT id, txid, op, payload, created_at FROM outbox.event WHERE topic = $1 AND op <> 'R' ORDER BY id DESC LIMIT $2::int) e
ORDER BY id
)sql";

/// The topic's last events, as far as the log still holds them.
EventBatch last_events(postgres::Connection& connection, const std::string& topic, std::uint32_t rows) {
  const auto found = connection.query(last_events_query, {topic, std::to_string(rows)});
  EventBatch events;
  for (int row = 0; row < found.size(); ++row) {
    events.add({found.uint64(row, 0), found.uint64(row, 1), topic,
                static_cast<Op>(found.text(row, 2).front()), found.text(row, 3),
                EventTime(std::chrono::microseconds(found.int64(row, 4)))});
  }
  return events;
}

class RoutesPreview : public Command {
 public:
  void declare(CommandLine& line) override {
    line.argument(
        {.name = "config", .value = "FILE", .help = "The consumer's configuration file", .required = true},
        file_);
    line.argument(
        {.name = "topic", .value = "TOPIC", .help = "Only this one; otherwise all that have a route"},
        topic_);
    line.argument({.name = "rows", .value = "NUMBER", .help = "How many rows to take of each"}, rows_);
    line.argument({.name = "source",
                   .value = "NAME",
                   .help = "Which [[source]] of the file, if it has several: the one that --postgres is"},
                  source_);
    line.argument(
        {.name = "database",
         .value = "FILE",
         .help = "The SQLite file, for tables that exist already; it is only read, and may be in use"},
        database_);
    line.argument({.name = "json", .value = "", .help = "Print JSON, for scripts"}, json_);
    line.check([this] {
      if (rows_ < 1 || rows_ > most_rows)
        throw InvalidInput("--rows: give a number from 1 to " + std::to_string(most_rows));
    });
  }

  ExitCode run(const Context& context) override {
    auto read = read_routes(file_, source_);
    auto connection = producer::connect_to_source(context.postgres, "mailboat");
    RouteTrial trial({.routes = std::move(read.routes),
                      .source = std::move(read.source),
                      .database = database_,
                      .relations = read_relations(connection)});
    bool has_mistake = false;
    std::vector<WrittenTable> written;
    for (const auto& topic : topics(trial)) {
      const auto tried = trial.try_topic(topic);
      if (!tried.mistake.empty()) {
        has_mistake = true;
        context.terminal.err << "mailboat: " << one_line(tried.mistake) << '\n';
        continue;
      }
      write(connection, trial, topic, tried.is_tracked, written);
    }
    print(context.terminal, written);
    return has_mistake ? ExitCode::Usage : ExitCode::Done;
  }

 private:
  [[nodiscard]] std::vector<std::string> topics(const RouteTrial& trial) const {
    auto all = trial.topics();
    all.erase(std::remove(all.begin(), all.end(), "*"), all.end());
    if (topic_.empty()) return all;
    if (std::find(all.begin(), all.end(), topic_) != all.end()) return {topic_};
    std::string known;
    for (const auto& one : all) known += (known.empty() ? "" : ", ") + one;
    throw ConfigurationError(file_ + ": no route is about topic '" + topic_ + "' (there are: " + known + ")");
  }

  void write(postgres::Connection& connection, RouteTrial& trial, const std::string& topic, bool is_tracked,
             std::vector<WrittenTable>& written) const {
    const auto add = [&written](std::vector<WrittenTable> tables) {
      for (auto& table : tables) written.push_back(std::move(table));
    };
    for (const auto mode : {Route::Mode::Rows, Route::Mode::History}) {
      if (!trial.has_targets(topic, mode)) continue;
      if (mode == Route::Mode::Rows && is_tracked) {
        add(trial.load(topic, first_rows(connection, topic, rows_)));
      } else {
        add(trial.apply(topic, last_events(connection, topic, rows_), mode));
      }
    }
  }

  void print(const Terminal& terminal, const std::vector<WrittenTable>& written) const {
    if (json_) return print_written_json(terminal.out, written);
    bool is_first = true;
    for (const auto& table : written) {
      if (!is_first) terminal.out << '\n';
      is_first = false;
      print_written(terminal.out, table);
    }
  }

  std::string file_;
  std::string source_;
  std::string topic_;
  std::string database_;
  std::uint32_t rows_ = 5;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_routes_preview() { return std::make_unique<RoutesPreview>(); }

}  // namespace mailboat::cli
