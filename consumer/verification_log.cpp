#include "consumer/verification_log.hpp"

#include "consumer/shortened.hpp"

namespace mailboat::consumer {
namespace {

constexpr int listed_differences = 1000;
constexpr std::size_t longest_text = 500;  // of a key or an error
// Of all differences of a table together: a producer takes no message above 4 MiB.
constexpr std::size_t listed_bytes = 1 << 20;

constexpr auto tables = R"sql(
CREATE TABLE IF NOT EXISTS _mailboat_verification (
  source TEXT NOT NULL, operation INTEGER NOT NULL, topic TEXT NOT NULL, rows INTEGER NOT NULL DEFAULT 0,
  missing INTEGER NOT NULL DEFAULT 0, extra INTEGER NOT NULL DEFAULT 0, different INTEGER NOT NULL DEFAULT 0, repaired_missing INTEGER NOT NULL DEFAULT 0,
  repaired_extra INTEGER NOT NULL DEFAULT 0, repaired_different INTEGER NOT NULL DEFAULT 0,
  ended INTEGER NOT NULL DEFAULT FALSE, error TEXT NOT NULL DEFAULT '', snapshot TEXT,
  PRIMARY KEY (source, operation, topic));
CREATE TABLE IF NOT EXISTS _mailboat_difference (
  source TEXT NOT NULL, operation INTEGER NOT NULL, topic TEXT NOT NULL, position INTEGER NOT NULL,
  kind INTEGER NOT NULL, key TEXT NOT NULL, columns TEXT NOT NULL, repaired INTEGER NOT NULL, error TEXT NOT NULL,
  PRIMARY KEY (source, operation, topic, position));
)sql";

constexpr auto count_difference = R"sql(
UPDATE _mailboat_verification SET
  missing = missing + (?4 = 1 AND NOT ?5), extra = extra + (?4 = 2 AND NOT ?5),
  different = different + (?4 = 3 AND NOT ?5), repaired_missing = repaired_missing + (?4 = 1 AND ?5),
  repaired_extra = repaired_extra + (?4 = 2 AND ?5), repaired_different = repaired_different + (?4 = 3 AND ?5)
WHERE source = ?1 AND operation = ?2 AND topic = ?3
)sql";

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

}  // namespace

void VerificationLog::create_tables(SQLite::Database& database) { database.exec(tables); }

void VerificationLog::clear() {
  for (const auto* table : {"_mailboat_difference", "_mailboat_verification"}) {
    SQLite::Statement all(database_, std::string("DELETE FROM ") + table + " WHERE source = ?");
    all.bind(1, source_);
    all.exec();
  }
}

// `?1`: the source, `?2`: the operation, `?3`: the topic.
SQLite::Statement VerificationLog::prepare(const char* statement, OperationId operation,
                                           const std::string& topic) {
  SQLite::Statement prepared(database_, statement);
  prepared.bind(1, source_);
  prepared.bind(2, number(operation));
  prepared.bind(3, topic);
  return prepared;
}

void VerificationLog::exec(const char* statement, OperationId operation, const std::string& topic) {
  prepare(statement, operation, topic).exec();
}

// A source's operations come one after the other: another one that is not over has been cancelled. What was
// not mended is found again.
void VerificationLog::forget_cancelled(OperationId running) {
  for (const auto* sql :
       {"DELETE FROM _mailboat_difference WHERE source = ?1 AND (operation, topic) IN (SELECT operation, "
        "topic"
        " FROM _mailboat_verification WHERE source = ?1 AND NOT ended AND operation <> ?2)",
        "DELETE FROM _mailboat_verification WHERE source = ?1 AND NOT ended AND operation <> ?2"}) {
    SQLite::Statement forget(database_, sql);
    forget.bind(1, source_);
    forget.bind(2, number(running));
    forget.exec();
  }
}

void VerificationLog::begin(OperationId operation, const std::string& topic) {
  forget_cancelled(operation);
  exec(
      "UPDATE _mailboat_verification SET rows = 0, missing = 0, extra = 0, different = 0, ended = FALSE,"
      " error = '', snapshot = NULL WHERE source = ?1 AND operation = ?2 AND topic = ?3",
      operation, topic);
  exec(
      "DELETE FROM _mailboat_difference"
      " WHERE source = ?1 AND operation = ?2 AND topic = ?3 AND NOT repaired",
      operation, topic);
  exec("INSERT OR IGNORE INTO _mailboat_verification (source, operation, topic) VALUES (?1, ?2, ?3)",
       operation, topic);
}

void VerificationLog::count_rows(OperationId operation, const std::string& topic, std::uint64_t rows) {
  auto count = prepare(
      "UPDATE _mailboat_verification SET rows = rows + ?4 WHERE source = ?1 AND operation = ?2 AND topic = "
      "?3",
      operation, topic);
  count.bind(4, number(rows));
  count.exec();
}

void VerificationLog::add(OperationId operation, const std::string& topic, const Difference& difference) {
  auto count = prepare(count_difference, operation, topic);
  count.bind(4, static_cast<int>(difference.kind));
  count.bind(5, difference.repaired ? 1 : 0);
  count.exec();
  auto last = prepare(
      "SELECT coalesce(max(position), 0) FROM _mailboat_difference"
      " WHERE source = ?1 AND operation = ?2 AND topic = ?3",
      operation, topic);
  last.executeStep();
  const auto position = last.getColumn(0).getInt64() + 1;
  if (position > listed_differences) return;
  auto insert = prepare(
      "INSERT INTO _mailboat_difference (source, operation, topic, position, kind, key, columns, repaired,"
      " error) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      operation, topic);
  insert.bind(4, position);
  insert.bind(5, static_cast<int>(difference.kind));
  insert.bind(6, shortened(difference.key, longest_text));
  insert.bind(7, json_array(difference.columns));
  insert.bind(8, difference.repaired ? 1 : 0);
  insert.bind(9, shortened(difference.error, longest_text));
  insert.exec();
}

std::string VerificationLog::json_array(const std::vector<std::string>& texts) {
  SQLite::Statement quoted(database_, "SELECT json_quote(?)");
  std::string array = "[";
  for (const auto& text : texts) {
    quoted.bind(1, text);
    quoted.executeStep();
    if (array.size() > 1) array += ',';
    array += quoted.getColumn(0).getString();
    quoted.reset();
  }
  return array + "]";
}

void VerificationLog::end(OperationId operation, const std::string& topic, const std::string& error) {
  auto end = prepare(
      "UPDATE _mailboat_verification SET ended = TRUE, error = ?4"
      " WHERE source = ?1 AND operation = ?2 AND topic = ?3",
      operation, topic);
  end.bind(4, shortened(error, longest_text));
  end.exec();
}

void VerificationLog::store_snapshot(const Snapshot& snapshot) {
  SQLite::Statement store(
      database_,
      "UPDATE _mailboat_verification SET snapshot = ? WHERE source = ? AND ended AND snapshot IS NULL");
  store.bind(1, snapshot.to_string());
  store.bind(2, source_);
  store.exec();
}

std::uint64_t VerificationLog::unmended(OperationId operation, const std::string& topic) {
  auto count = prepare(
      "SELECT missing + extra + different FROM _mailboat_verification"
      " WHERE source = ?1 AND operation = ?2 AND topic = ?3",
      operation, topic);
  return count.executeStep() ? static_cast<std::uint64_t>(count.getColumn(0).getInt64()) : 0;
}

std::vector<Verified> VerificationLog::ended() {
  std::vector<Verified> all;
  SQLite::Statement row(
      database_,
      "SELECT operation, topic, snapshot, rows, missing + repaired_missing, extra + repaired_extra,"
      " different + repaired_different, repaired_missing + repaired_extra + repaired_different, error"
      " FROM _mailboat_verification WHERE source = ? AND ended AND snapshot IS NOT NULL"
      " ORDER BY operation, rowid");
  row.bind(1, source_);
  const auto count = [&row](int column) {
    return static_cast<std::uint64_t>(row.getColumn(column).getInt64());
  };
  while (row.executeStep()) {
    const auto operation = count(0);
    const auto topic = row.getColumn(1).getString();
    all.push_back({operation, topic, Snapshot::parse(row.getColumn(2).getString()), count(3), count(4),
                   count(5), count(6), count(7), differences(operation, topic),
                   row.getColumn(8).getString()});
  }
  return all;
}

std::vector<Difference> VerificationLog::differences(OperationId operation, const std::string& topic) {
  std::vector<Difference> found;
  auto row = prepare(
      "SELECT kind, key, repaired, error, columns FROM _mailboat_difference"
      " WHERE source = ?1 AND operation = ?2 AND topic = ?3 ORDER BY position",
      operation, topic);
  SQLite::Statement column(database_, "SELECT value FROM json_each(?)");
  std::size_t bytes = 0;
  while (bytes < listed_bytes && row.executeStep()) {
    Difference difference{static_cast<Difference::Kind>(row.getColumn(0).getInt()),
                          row.getColumn(1).getString(),
                          {},
                          row.getColumn(2).getInt() != 0,
                          row.getColumn(3).getString()};
    column.bind(1, row.getColumn(4).getString());
    while (column.executeStep()) difference.columns.push_back(column.getColumn(0).getString());
    column.reset();
    bytes += difference.key.size() + difference.error.size() + row.getColumn(4).getString().size();
    found.push_back(std::move(difference));
  }
  return found;
}

void VerificationLog::remove(const VerificationRecorded& recorded) {
  for (const auto* sql :
       {"DELETE FROM _mailboat_difference WHERE source = ?1 AND operation = ?2 AND topic = ?3",
        "DELETE FROM _mailboat_verification WHERE source = ?1 AND operation = ?2 AND topic = ?3"}) {
    exec(sql, recorded.operation, recorded.topic);
  }
}

}  // namespace mailboat::consumer
