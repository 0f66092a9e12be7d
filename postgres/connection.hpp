#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.hpp"

namespace pqxx {
class result;
}

namespace mailboat::postgres {

/// The server is gone, or refuses us for now. Drop the Connection, back off, connect again.
class ConnectionLost : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

/// The server refused one statement; the connection itself is still good.
class StatementFailed : public Error {
 public:
  StatementFailed(const std::string& message, std::string sqlstate)
      : Error(message), sqlstate_(std::move(sqlstate)) {}
  /// Five characters. Source: PostgreSQL manual, appendix A "Error Codes".
  [[nodiscard]] const std::string& sqlstate() const { return sqlstate_; }

 private:
  std::string sqlstate_;
};

/// Parameters $1, $2, ... in PostgreSQL's text form; nullopt is NULL. Cast in the SQL where the type is not
/// clear.
using Params = std::vector<std::optional<std::string>>;

/// One value that a statement returned.
struct Field {
  std::string_view text;  ///< empty for NULL; valid as long as any copy of its Rows lives
  bool is_null = true;

  /// Throw InvalidInput when the text is not such a number.
  [[nodiscard]] std::int64_t int64() const;
  [[nodiscard]] std::uint64_t uint64() const;
  [[nodiscard]] bool boolean() const { return text == "t"; }
};

/// What a statement returned. Views stay valid as long as any copy of this Rows lives. One thread at a time.
class Rows {
 public:
  explicit Rows(pqxx::result result);
  [[nodiscard]] int size() const;
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] bool is_null(int row, int column) const;
  /// The value's text; empty for NULL.
  [[nodiscard]] std::string_view text(int row, int column) const;
  /// The value's text; nothing for NULL.
  [[nodiscard]] std::optional<std::string_view> value(int row, int column) const;
  /// Throws InvalidInput when the text is not such a number.
  [[nodiscard]] std::int64_t int64(int row, int column) const;
  [[nodiscard]] std::uint64_t uint64(int row, int column) const;
  [[nodiscard]] bool boolean(int row, int column) const { return text(row, column) == "t"; }
  [[nodiscard]] std::optional<std::string> optional_text(int row, int column) const;
  /// The row's first columns, all at once: for many rows far quicker than one by one.
  void read(int row, std::span<Field> fields) const;

 private:
  std::shared_ptr<const pqxx::result> result_;
};

/// One connection to PostgreSQL, never silently replaced by another: session state (locks, settings, LISTEN)
/// is either still there or ConnectionLost has been thrown. Belongs to one thread at a time.
class Connection {
 public:
  /// `conninfo` is libpq's: a URI, key=value pairs, or empty for the PG* environment. Where nobody answers
  /// any more, over TCP, this is noticed by both sides within about ten seconds (see with_timeouts()). Throws
  /// ConnectionLost; the message never contains a password.
  Connection(const std::string& conninfo, std::string_view application_name);
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;

  /// Runs one statement with parameters. Outside a Transaction it commits by itself.
  /// Throws StatementFailed or ConnectionLost.
  Rows query(const std::string& sql, const Params& params);
  /// Runs one or more statements separated by semicolons in one round trip; returns the last one's rows.
  Rows query(const std::string& sql);

  /// As the first, for statements that are asked again and again: the server keeps what it has learnt about
  /// `sql` until the connection ends. Few different texts.
  Rows query_prepared(const std::string& sql, const Params& params);

  /// Sends one statement and returns at once: the server works on it while we do something else. What query()
  /// asks meanwhile waits for it first.
  void send(const std::string& sql);
  /// Waits for the rows of the statement that was sent last. Throws what query() throws.
  Rows receive();

  /// Runs a SELECT without parameters and hands on each row as it comes, as a line of COPY's text format (see
  /// copy_text.hpp), valid during the call. For many rows: nobody keeps them, and a row costs less than in
  /// Rows. Throws what query() throws; what `use` throws when the rest of the rows has come.
  void copy(const std::string& select, const std::function<void(std::string_view line)>& use);

  void listen(const std::string& channel);
  /// True when a notification on a channel of listen() arrived within `timeout`. Not inside a Transaction.
  bool wait_for_notification(std::chrono::milliseconds timeout);

  /// As PostgreSQL numbers itself, e.g. 150018.
  [[nodiscard]] int server_version() const;
  /// An identifier, quoted by the driver.
  [[nodiscard]] std::string quote_name(std::string_view identifier) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// BEGIN now, ROLLBACK in the destructor unless commit() or rollback() came first. Must not outlive its
/// Connection.
class Transaction {
 public:
  enum class Kind {
    ReadWrite,           ///< READ COMMITTED
    RepeatableReadOnly,  ///< one snapshot for all statements
  };
  Transaction(Connection& connection, Kind kind);
  /// As above, and runs `first` in the same round trip; its rows are in first_rows().
  Transaction(Connection& connection, Kind kind, const std::string& first);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  Rows query(const std::string& sql, const Params& params) { return connection_.query(sql, params); }
  Rows query(const std::string& sql) { return connection_.query(sql); }
  [[nodiscard]] const Rows& first_rows() const { return first_rows_; }

  /// When this throws ConnectionLost, the server may or may not have committed: write what is safe to repeat.
  void commit();
  void rollback();

 private:
  Connection& connection_;
  bool open_ = true;
  Rows first_rows_;
};

/// `{a,"b c"}`: a PostgreSQL array in text form, for a parameter that is cast to text[] or the like.
std::string array_literal(const std::vector<std::string>& values);

}  // namespace mailboat::postgres
