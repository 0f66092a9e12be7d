#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace SQLite {
class Database;
}

namespace mailboat::test {

/// A reader of its own on a SQLite file, as any user's program would be: never writes, never creates the
/// file.
class SqliteReader {
 public:
  using Row = std::vector<std::optional<std::string>>;

  /// Throws std::runtime_error when there is no such file.
  explicit SqliteReader(const std::filesystem::path& file);
  ~SqliteReader();
  SqliteReader(SqliteReader&&) noexcept;

  /// All rows as text; nullopt is NULL. One statement is one consistent read.
  [[nodiscard]] std::vector<Row> rows(const std::string& sql) const;
  /// The first column of the first row. Throws when there is no row.
  [[nodiscard]] std::string text(const std::string& sql) const;
  [[nodiscard]] std::int64_t number(const std::string& sql) const;
  [[nodiscard]] bool has_table(const std::string& name) const;

 private:
  std::unique_ptr<SQLite::Database> database_;
};

}  // namespace mailboat::test
