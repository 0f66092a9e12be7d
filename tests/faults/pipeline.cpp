#include "tests/faults/pipeline.hpp"

#include <algorithm>

#include "migrations/migrator.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

std::vector<std::string> joined(std::vector<std::string> command, const Pipeline::Arguments& more) {
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

std::vector<SqliteReader::Row> all_rows(const postgres::Rows& rows, int columns) {
  std::vector<SqliteReader::Row> all;
  for (int row = 0; row < rows.size(); ++row) {
    auto& values = all.emplace_back();
    for (int column = 0; column < columns; ++column) values.push_back(rows.optional_text(row, column));
  }
  return all;
}

std::string describe(const SqliteReader::Row& row) {
  std::string text = "(";
  for (const auto& value : row) text += value.value_or("NULL") + " ";
  text.back() = ')';
  return text;
}

std::string describe_difference(const std::vector<SqliteReader::Row>& source,
                                const std::vector<SqliteReader::Row>& replica) {
  const auto [left, right] = std::mismatch(source.begin(), source.end(), replica.begin(), replica.end());
  if (left == source.end() && right == replica.end()) return {};
  return "source has " + std::to_string(source.size()) + " rows, replica " + std::to_string(replica.size()) +
         "; they part at " + (left == source.end() ? "the source's end" : describe(*left)) + " against " +
         (right == replica.end() ? "the replica's end" : describe(*right));
}

}  // namespace

Pipeline::Pipeline(Cluster& cluster) : conninfo_(cluster.create_database()), source_seen_(conninfo_) {
  auto connection = connect();
  migrations::migrate(connection);
}

std::string Pipeline::database() const { return conninfo_.substr(conninfo_.find("dbname=") + 7); }

std::string Pipeline::value(const std::string& query) const { return std::string(sql(query).text(0, 0)); }

void Pipeline::move_source_to(const Cluster& cluster) {
  conninfo_ = source_seen_ = cluster.conninfo(database());
}

std::string Pipeline::status(const Arguments& arguments) const {
  return run(joined({program("mailboat"), "--postgres", conninfo_, "status"}, arguments)).output;
}

std::string Pipeline::said() const {
  return "consumer:\n" + (consumer_ ? consumer_->errors() : "") + "producer:\n" +
         (producer_ ? producer_->errors() : "");
}

bool Pipeline::becomes_connected(bool connected) const {
  auto connection = connect();
  return eventually([&] {
    return connection
               .query(
                   "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                   " WHERE d.datname = current_database() AND l.classid = 1835162485 AND l.granted")
               .int64(0, 0) == (connected ? 1 : 0);
  });
}

std::vector<std::string> Pipeline::producer_command(const Arguments& arguments) const {
  return joined({program("mailboat-producer"), "--postgres", source_seen_, "--listen", endpoint()},
                arguments);
}

std::vector<std::string> Pipeline::consumer_command(const Arguments& arguments) const {
  return joined({program("mailboat-consumer"), "--producer", producer_seen_, "--subscription", subscription,
                 "--database", file().string()},
                arguments);
}

Process& Pipeline::start_producer(const Arguments& arguments) {
  producer_.reset();
  return producer_.emplace(producer_command(arguments));
}

Process& Pipeline::start_consumer(const Arguments& arguments) {
  return start_consumer_as(consumer_command(arguments));
}

Process& Pipeline::start_consumer_as(std::vector<std::string> command, const Process::Options& options) {
  consumer_.reset();
  return consumer_.emplace(std::move(command), options);
}

std::string Pipeline::cursor() const {
  if (!std::filesystem::exists(file())) return {};
  const auto reader = replica();
  if (!reader.has_table("_mailboat_cursor")) return {};
  const auto rows = reader.rows("SELECT snapshot FROM _mailboat_cursor");
  return rows.empty() ? std::string() : rows.front().front().value();
}

std::string Pipeline::difference(const std::string& table, const std::string& columns) const {
  const auto query = "SELECT " + columns + " FROM " + table + " ORDER BY 1";
  const auto source = all_rows(sql(query), 1 + occurrences(columns, ","));
  try {
    return describe_difference(source, replica().rows(query));
  } catch (const std::runtime_error& no_such_table_yet) {
    return no_such_table_yet.what();
  }
}

std::string Pipeline::lasting_difference(const std::string& table, const std::string& columns,
                                         std::chrono::milliseconds patience) const {
  std::string found;
  eventually([&] { return (found = difference(table, columns)).empty(); }, patience);
  return found;
}

int occurrences(const std::string& text, const std::string& part) {
  int count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

}  // namespace mailboat::test
