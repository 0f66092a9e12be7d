#include "postgres/connection.hpp"

#include <charconv>
#include <exception>
#include <map>
#include <memory>
#include <utility>
#include <variant>

#include "postgres/libpqxx.hpp"
#include "postgres/redact.hpp"
#include "postgres/timeouts.hpp"

namespace mailboat::postgres {
namespace {

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

// libpqxx 6 hides the reason where the connection has ended without a word of the server's.
std::string reason_of(const pqxx::failure& error) {
  const std::string text = trimmed(error.what());
  return text.starts_with("Could not obtain client encoding") ? "the server does not answer any more" : text;
}

// Classes of SQLSTATE after which the session is over or cannot be had: 08 connection exception, 57P admin
// shutdown, crash shutdown, cannot connect now. Source: PostgreSQL manual, appendix A.
bool ends_connection(std::string_view sqlstate) {
  return sqlstate.starts_with("08") || sqlstate.starts_with("57P");
}

// The same for the server's side (see with_timeouts()): should our machine vanish, our locks are free and our
// snapshots gone within about ten seconds, and not after minutes or hours.
constexpr auto introduction =
    "SELECT set_config('application_name', $1, false), set_config('tcp_keepalives_idle', '5', false),"
    " set_config('tcp_keepalives_interval', '2', false), set_config('tcp_keepalives_count', '3', false),"
    " set_config('tcp_user_timeout', '10000', false)";

template <typename Number>
Number parse_number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw InvalidInput("expected a number from PostgreSQL, got '" + std::string(text.substr(0, 80)) + "'");
  }
  return value;
}

}  // namespace

struct Connection::Impl {
  explicit Impl(const std::string& conninfo) : connection(conninfo) { libpqxx::never_reconnect(connection); }

  // Runs `call` and gives each kind of libpqxx exception the type that says what to do next.
  template <typename Call>
  auto guarded(const Call& call) {
    try {
      return call();
    } catch (const pqxx::broken_connection& error) {
      throw ConnectionLost("PostgreSQL connection lost: " + reason_of(error));
    } catch (const pqxx::deadlock_detected& error) {
      throw StatementFailed(trimmed(error.what()), "40P01");
    } catch (const pqxx::serialization_failure& error) {
      throw StatementFailed(trimmed(error.what()), "40001");
    } catch (const pqxx::sql_error& error) {
      if (ends_connection(error.sqlstate()) || !connection.is_open()) {
        throw ConnectionLost("PostgreSQL connection lost: " + trimmed(error.what()));
      }
      throw StatementFailed(trimmed(error.what()), libpqxx::sqlstate(error));
    } catch (const pqxx::failure& error) {
      throw ConnectionLost("PostgreSQL connection failed: " + reason_of(error));
    }
  }

  // Keeps the answer to what was sent for receive(), and leaves the connection free for another statement:
  // also where the answer is an error, for that statement may be a ROLLBACK.
  void await_sent() {
    if (!sent) return;
    const auto done = std::exchange(sent, nullptr);
    try {
      received = guarded([&] { return Rows(done->answers.retrieve().second); });
    } catch (const Error&) {
      received = std::current_exception();
    }
  }

  // The name of the prepared statement. libpqxx 6 has the server prepare it when it is used first.
  const std::string& prepared(const std::string& sql) {
    const auto known = statements.find(sql);
    if (known != statements.end()) return known->second;
    const auto name = "mailboat_" + std::to_string(statements.size() + 1);
    connection.prepare(name.c_str(), sql.c_str());
    return statements.emplace(sql, name).first->second;
  }

  struct Sent {
    Sent(pqxx::connection& connection, const std::string& sql) : statement(connection), answers(statement) {
      answers.insert(sql);
    }
    pqxx::nontransaction statement;
    pqxx::pipeline answers;
  };

  pqxx::connection connection;
  std::map<std::string, std::string> statements;  // names by text
  std::unique_ptr<Sent> sent;  // nothing else can use the connection until its answer is here
  std::variant<std::monostate, Rows, std::exception_ptr> received;
  bool notified = false;
  // Last: they may unregister from `connection` when destroyed.
  std::vector<std::unique_ptr<libpqxx::Receiver>> receivers;
};

Rows::Rows(pqxx::result result) : result_(std::make_shared<const pqxx::result>(std::move(result))) {}

int Rows::size() const { return static_cast<int>(result_->size()); }

bool Rows::is_null(int row, int column) const {
  return (*result_)[static_cast<pqxx::result::size_type>(row)][static_cast<pqxx::row::size_type>(column)]
      .is_null();
}

std::string_view Rows::text(int row, int column) const {
  const auto field =
      (*result_)[static_cast<pqxx::result::size_type>(row)][static_cast<pqxx::row::size_type>(column)];
  return {field.c_str(), field.size()};
}

std::optional<std::string_view> Rows::value(int row, int column) const {
  const auto field =
      (*result_)[static_cast<pqxx::result::size_type>(row)][static_cast<pqxx::row::size_type>(column)];
  if (field.is_null()) return std::nullopt;
  return std::string_view(field.c_str(), field.size());
}

std::int64_t Field::int64() const { return parse_number<std::int64_t>(text); }
std::uint64_t Field::uint64() const { return parse_number<std::uint64_t>(text); }

// libpqxx counts references to the result with each row and each field that it makes, but not for a step from
// one field to the next.
void Rows::read(int row, std::span<Field> fields) const {
  const auto values = (*result_)[static_cast<pqxx::result::size_type>(row)];
  auto value = values.begin();
  for (auto& field : fields) {
    const auto size = value->size();
    field = {{value->c_str(), size}, size == 0 && value->is_null()};
    ++value;
  }
}

std::int64_t Rows::int64(int row, int column) const { return parse_number<std::int64_t>(text(row, column)); }
std::uint64_t Rows::uint64(int row, int column) const {
  return parse_number<std::uint64_t>(text(row, column));
}

std::optional<std::string> Rows::optional_text(int row, int column) const {
  if (is_null(row, column)) return std::nullopt;
  return std::string(text(row, column));
}

Connection::Connection(const std::string& conninfo, std::string_view application_name) {
  try {
    impl_ = std::make_unique<Impl>(with_timeouts(conninfo, process_environment()));
  } catch (const pqxx::failure& error) {
    throw ConnectionLost("cannot connect to PostgreSQL: " + redact(trimmed(error.what()), conninfo));
  }
  query(introduction, {std::string(application_name)});
}

Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

Rows Connection::query(const std::string& sql, const Params& params) {
  impl_->await_sent();
  return impl_->guarded([&] {
    pqxx::nontransaction statement(impl_->connection);
    return Rows(libpqxx::exec(statement, sql, params));
  });
}

Rows Connection::query_prepared(const std::string& sql, const Params& params) {
  impl_->await_sent();
  return impl_->guarded([&] {
    const auto& name = impl_->prepared(sql);
    pqxx::nontransaction statement(impl_->connection);
    return Rows(libpqxx::exec_prepared(statement, name, params));
  });
}

Rows Connection::query(const std::string& sql) {
  impl_->await_sent();
  return impl_->guarded([&] {
    pqxx::nontransaction statement(impl_->connection);
    return Rows(statement.exec(sql));
  });
}

void Connection::send(const std::string& sql) {
  impl_->await_sent();
  impl_->received = std::monostate{};
  impl_->sent = impl_->guarded([&] { return std::make_unique<Impl::Sent>(impl_->connection, sql); });
}

Rows Connection::receive() {
  impl_->await_sent();
  const auto answer = std::move(impl_->received);
  impl_->received = std::monostate{};
  if (const auto* error = std::get_if<std::exception_ptr>(&answer)) std::rethrow_exception(*error);
  return std::get<Rows>(answer);
}

void Connection::copy(const std::string& select, const std::function<void(std::string_view line)>& use) {
  impl_->await_sent();
  std::exception_ptr refusal;
  impl_->guarded([&] {
    pqxx::nontransaction statement(impl_->connection);
    libpqxx::copy_lines(statement, select, [&](std::string_view line) {
      if (refusal) return;  // the connection is of use again only when all of it has been read
      try {
        use(line);
      } catch (...) {
        refusal = std::current_exception();
      }
    });
  });
  if (refusal) std::rethrow_exception(refusal);
}

void Connection::listen(const std::string& channel) {
  impl_->guarded([&] {
    impl_->receivers.push_back(
        std::make_unique<libpqxx::Receiver>(impl_->connection, channel, impl_->notified));
  });
}

bool Connection::wait_for_notification(std::chrono::milliseconds timeout) {
  impl_->notified = false;
  impl_->guarded([&] {
    impl_->connection.get_notifs();
    if (impl_->notified) return;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
    const std::chrono::microseconds rest = timeout - seconds;
    impl_->connection.await_notification(seconds.count(), rest.count());
  });
  return impl_->notified;
}

int Connection::server_version() const { return impl_->connection.server_version(); }

std::string Connection::quote_name(std::string_view identifier) const {
  return impl_->connection.quote_name(std::string(identifier));
}

namespace {

const char* begin_statement(Transaction::Kind kind) {
  return kind == Transaction::Kind::ReadWrite ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
}

Rows begin_and(Connection& connection, Transaction::Kind kind, const std::string& first) {
  try {
    return connection.query(std::string(begin_statement(kind)) + "; " + first);
  } catch (const StatementFailed&) {
    connection.query("ROLLBACK");  // no object exists yet whose destructor would do it
    throw;
  }
}

}  // namespace

Transaction::Transaction(Connection& connection, Kind kind)
    : connection_(connection), first_rows_(connection.query(begin_statement(kind))) {}

Transaction::Transaction(Connection& connection, Kind kind, const std::string& first)
    : connection_(connection), first_rows_(begin_and(connection, kind, first)) {}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    rollback();
  } catch (const Error&) {
    // The server rolls back by itself when the connection is gone; whoever uses it next is told so.
  }
}

void Transaction::commit() {
  open_ = false;
  connection_.query("COMMIT");
}

void Transaction::rollback() {
  open_ = false;
  connection_.query("ROLLBACK");
}

std::string array_literal(const std::vector<std::string>& values) {
  std::string text = "{";
  for (const auto& value : values) {
    if (text.size() > 1) text += ',';
    text += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + "}";
}

}  // namespace mailboat::postgres
