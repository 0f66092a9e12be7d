#pragma once

// What differs between libpqxx 6.4 (Debian 12) and 7.10 (Debian 13) stands here and nowhere else.
// Include only from postgres/connection.cpp.

#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <vector>

#include "postgres/connection.hpp"

namespace mailboat::postgres::libpqxx {

// Both drop the code of this one class.
inline std::string sqlstate(const pqxx::sql_error& error) {
  return dynamic_cast<const pqxx::insufficient_privilege*>(&error) != nullptr ? "42501" : error.sqlstate();
}

#if PQXX_VERSION_MAJOR >= 7

inline pqxx::params list_of(const Params& params) {
  pqxx::params list;
  for (const auto& param : params) list.append(param);
  return list;
}

inline pqxx::result exec(pqxx::nontransaction& transaction, const std::string& sql, const Params& params) {
  return transaction.exec(sql, list_of(params));
}

inline pqxx::result exec_prepared(pqxx::nontransaction& transaction, const std::string& name,
                                  const Params& params) {
  return transaction.exec(pqxx::prepped{name}, list_of(params));
}

inline void never_reconnect(pqxx::connection&) {}

// What is to be used instead, stream(), gives no lines.
template <typename Use>
void copy_lines(pqxx::nontransaction& transaction, const std::string& select, const Use& use) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  auto stream = pqxx::stream_from::query(transaction, select);
#pragma GCC diagnostic pop
  for (auto line = stream.get_raw_line(); line.first; line = stream.get_raw_line()) {
    use(std::string_view(line.first.get(), line.second));
  }
}

// Sets `received` when a notification of the channel is read from the connection, which keeps the handler.
class Receiver {
 public:
  Receiver(pqxx::connection& connection, const std::string& channel, bool& received) {
    connection.listen(channel, [&received](const pqxx::notification&) { received = true; });
  }
};

#else

inline std::vector<const char*> list_of(const Params& params) {
  std::vector<const char*> list;
  list.reserve(params.size());
  for (const auto& param : params) list.push_back(param ? param->c_str() : nullptr);
  return list;
}

inline pqxx::result exec(pqxx::nontransaction& transaction, const std::string& sql, const Params& params) {
  const auto list = list_of(params);
  return transaction.exec_params(sql, pqxx::prepare::make_dynamic_params(list));
}

inline pqxx::result exec_prepared(pqxx::nontransaction& transaction, const std::string& name,
                                  const Params& params) {
  const auto list = list_of(params);
  return transaction.exec_prepared(name, pqxx::prepare::make_dynamic_params(list));
}

// libpqxx 6 may replace a broken connection by a new one, which would hold none of our locks and settings.
inline void never_reconnect(pqxx::connection& connection) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
}

// What is called a table's name here stands in the COPY as it is.
template <typename Use>
void copy_lines(pqxx::nontransaction& transaction, const std::string& select, const Use& use) {
  pqxx::stream_from stream(transaction, '(' + select + ')');
  for (std::string line; stream.get_raw_line(line);) {
    if (line.ends_with('\n')) line.pop_back();
    use(std::string_view(line));
  }
  stream.complete();
}

// Sets `received` when a notification of the channel is read from the connection. Unregisters itself.
class Receiver : public pqxx::notification_receiver {
 public:
  Receiver(pqxx::connection& connection, const std::string& channel, bool& received)
      : pqxx::notification_receiver(connection, channel), received_(received) {}
  void operator()(const std::string&, int) override { received_ = true; }

 private:
  bool& received_;
};

#endif

}  // namespace mailboat::postgres::libpqxx
