#include "consumer/route_expression.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <sqlite3.h>
#include <string_view>

#include "common/error.hpp"
#include "consumer/target_sql.hpp"

namespace mailboat::consumer {
namespace {

constexpr std::array<std::string_view, 9> changing_functions{
    "random",        "randomblob", "current_timestamp", "current_date",    "current_time",
    "total_changes", "changes",    "last_insert_rowid", "sqlite_source_id"};
constexpr std::array<std::string_view, 2> json_tables{"json_each", "json_tree"};

template <std::size_t Size>
bool is_among(const std::array<std::string_view, Size>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Answers SQLite's questions while something is compiled, and remembers in words what it has denied.
class Authorizer {
 public:
  using Rule = std::function<std::string(int action, std::string_view first, std::string_view second)>;
  Authorizer(sqlite3* handle, Rule rule) : handle_(handle), rule_(std::move(rule)) {
    ::sqlite3_set_authorizer(handle_, &Authorizer::ask, this);
  }
  ~Authorizer() { ::sqlite3_set_authorizer(handle_, nullptr, nullptr); }
  Authorizer(const Authorizer&) = delete;
  Authorizer& operator=(const Authorizer&) = delete;

  [[nodiscard]] const std::string& denied() const { return denied_; }

 private:
  static int ask(void* self, int action, const char* first, const char* second, const char* /*database*/,
                 const char* /*trigger*/) {
    auto& authorizer = *static_cast<Authorizer*>(self);
    auto reason = authorizer.rule_(action, first != nullptr ? first : "", second != nullptr ? second : "");
    if (reason.empty()) return SQLITE_OK;
    if (authorizer.denied_.empty()) authorizer.denied_ = std::move(reason);
    return SQLITE_DENY;
  }

  sqlite3* handle_;
  Rule rule_;
  std::string denied_;
};

std::string why_not(const ExpressionRights& rights, int action, std::string_view first,
                    std::string_view second) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
      return "";
    case SQLITE_FUNCTION: {
      const auto name = lower_case(second);
      if (name == "load_extension") return "load_extension() is not allowed";
      if (rights.nondeterministic || !is_among(changing_functions, name)) return "";
      return name + "() gives another value each time, so that the row could not be compared with its source";
    }
    case SQLITE_READ:
      if (rights.subqueries || is_among(json_tables, lower_case(first))) return "";
      return "it reads table '" + std::string(first) +
             "'. Use the source's columns only (a colon and the name, for example :id), or set "
             "allow_subqueries = true";
    default:
      return "it must only compute a value";
  }
}

// A name in double quotes that is no column would silently be a text. Source: SQLite, "Quirks", 8.
class NoQuotedTexts {
 public:
  explicit NoQuotedTexts(sqlite3* handle) : handle_(handle) {
    ::sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, -1, &before_);
    ::sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  }
  ~NoQuotedTexts() { ::sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, before_, nullptr); }
  NoQuotedTexts(const NoQuotedTexts&) = delete;
  NoQuotedTexts& operator=(const NoQuotedTexts&) = delete;

 private:
  sqlite3* handle_;
  int before_ = 1;
};

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { ::sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

std::string explain(const std::string& message) {
  if (message.starts_with("no such column")) {
    return message + ". A column of the source is written with a colon: :id; a text in single quotes: 'id'";
  }
  return message;
}

Statement compile(sqlite3* handle, const std::string& sql, const Authorizer& authorizer) {
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  const int code = ::sqlite3_prepare_v2(handle, sql.data(), static_cast<int>(sql.size()), &raw, &rest);
  Statement statement(raw);
  if (!authorizer.denied().empty()) throw InvalidInput(authorizer.denied());
  if (code != SQLITE_OK) throw InvalidInput("SQLite says: " + explain(::sqlite3_errmsg(handle)));
  const bool is_all = std::string_view(rest).find_first_not_of(" \t\r\n;") == std::string_view::npos;
  if (!statement || !is_all) throw InvalidInput("it is not one statement or expression");
  return statement;
}

std::vector<std::string> parameters_of(sqlite3_stmt* statement) {
  std::vector<std::string> names;
  for (int i = 1; i <= ::sqlite3_bind_parameter_count(statement); ++i) {
    const char* name = ::sqlite3_bind_parameter_name(statement, i);
    if (name == nullptr || *name != ':') {
      throw InvalidInput("a column of the source is written with a colon before its name, for example :id");
    }
    names.emplace_back(name + 1);
  }
  return names;
}

// SQLite declares these tables at their first use, and would ask for the right to do so.
void know_json_tables(SQLite::Database& database) {
  const SQLite::Statement known(database, "SELECT 1 FROM json_each('[]'), json_tree('[]')");
}

}  // namespace

// In a WHERE, where SQLite takes neither aggregates nor several values; in two pairs of parentheses, so that
// nothing that closes one of them can go on with another SELECT.
std::vector<std::string> check_expression(SQLite::Database& database, const std::string& expression,
                                          ExpressionRights rights) {
  if (expression.find_first_not_of(" \t\r\n") == std::string::npos) throw InvalidInput("it is empty");
  if (expression.find('\0') != std::string::npos) throw InvalidInput("it holds a zero byte");
  know_json_tables(database);
  auto* handle = database.getHandle();
  const NoQuotedTexts no_quoted_texts(handle);
  const Authorizer authorizer(handle, [&rights](int action, std::string_view first, std::string_view second) {
    return why_not(rights, action, first, second);
  });
  const auto statement = compile(handle, "SELECT NULL WHERE ((" + expression + "\n))", authorizer);
  return parameters_of(statement.get());
}

void run_create_statement(SQLite::Database& database, const std::string& table,
                          const std::string& statement) {
  auto* handle = database.getHandle();
  const Authorizer authorizer(handle, [&table](int action, std::string_view first, std::string_view) {
    switch (action) {
      case SQLITE_CREATE_TABLE:
        if (lower_case(first) == lower_case(table)) return std::string();
        return "it makes table '" + std::string(first) + "', and the route writes '" + table + "'";
      case SQLITE_CREATE_INDEX:  // of a primary key, or of UNIQUE
      case SQLITE_REINDEX:
      case SQLITE_FUNCTION:  // in a CHECK, a default or a generated column
        return std::string();
      case SQLITE_INSERT:
      case SQLITE_UPDATE:
      case SQLITE_DELETE:
      case SQLITE_READ:
        if (first.starts_with("sqlite_") || lower_case(first) == lower_case(table)) return std::string();
        break;
      default:
        break;
    }
    return std::string("it must be a plain CREATE TABLE");
  });
  const auto compiled = compile(handle, statement, authorizer);
  const auto code = ::sqlite3_step(compiled.get());
  if (code == SQLITE_DONE) return;
  if (!authorizer.denied().empty()) throw InvalidInput(authorizer.denied());
  throw SQLite::Exception(handle, code);
}

}  // namespace mailboat::consumer
