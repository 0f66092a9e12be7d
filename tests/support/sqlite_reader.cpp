#include "tests/support/sqlite_reader.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <stdexcept>

namespace mailboat::test {
namespace {

constexpr int busy_timeout_ms = 30'000;

SqliteReader::Row read_row(SQLite::Statement& statement) {
  SqliteReader::Row row;
  for (int i = 0; i < statement.getColumnCount(); ++i) {
    const auto column = statement.getColumn(i);
    if (column.isNull()) {
      row.emplace_back(std::nullopt);
    } else {
      row.emplace_back(column.getString());
    }
  }
  return row;
}

}  // namespace

SqliteReader::SqliteReader(const std::filesystem::path& file)
    : database_(std::make_unique<SQLite::Database>(file.string(), SQLite::OPEN_READONLY, busy_timeout_ms)) {}

SqliteReader::~SqliteReader() = default;
SqliteReader::SqliteReader(SqliteReader&&) noexcept = default;

std::vector<SqliteReader::Row> SqliteReader::rows(const std::string& sql) const {
  SQLite::Statement statement(*database_, sql);
  std::vector<Row> result;
  while (statement.executeStep()) result.push_back(read_row(statement));
  return result;
}

std::string SqliteReader::text(const std::string& sql) const {
  const auto found = rows(sql);
  if (found.empty()) throw std::runtime_error("no row from: " + sql);
  return found.front().front().value_or("");
}

std::int64_t SqliteReader::number(const std::string& sql) const { return std::stoll(text(sql)); }

bool SqliteReader::has_table(const std::string& name) const { return database_->tableExists(name); }

}  // namespace mailboat::test
