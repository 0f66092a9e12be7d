#pragma once

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "postgres/connection.hpp"
#include "tests/support/seed.hpp"

namespace mailboat::test {

/// Keeps changing rows of tables that have an id with a default, n up to 20000 and body, one row in each
/// transaction, until it is destroyed.
class Changer {
 public:
  Changer(const std::string& conninfo, std::vector<std::string> tables)
      : tables_(std::move(tables)), thread_([conninfo, this](const std::stop_token& stop) {
          postgres::Connection connection(conninfo, "changer");
          std::minstd_rand random(static_cast<unsigned>(seed()));
          while (!stop.stop_requested()) {
            change(connection, random);
            ++transactions_;
          }
        }) {}
  [[nodiscard]] int transactions() const { return transactions_; }

 private:
  void change(postgres::Connection& connection, std::minstd_rand& random) {
    const auto& table = tables_[random() % tables_.size()];
    const postgres::Params n{std::to_string(random() % 20'000)};
    switch (random() % 4) {
      case 0:
        connection.query("DELETE FROM " + table + " WHERE n = $1::int", n);
        break;
      case 1:  // a new key, so that the row moves to or from the part that is loaded already
        connection.query("UPDATE " + table + " SET id = DEFAULT, body = 'moved' WHERE n = $1::int", n);
        break;
      case 2:
        connection.query("INSERT INTO " + table + " (n, body) VALUES ($1::int, 'inserted')", n);
        break;
      default:
        connection.query("UPDATE " + table + " SET body = body || '!' WHERE n = $1::int", n);
    }
  }

  const std::vector<std::string> tables_;
  std::atomic<int> transactions_ = 0;
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace mailboat::test
