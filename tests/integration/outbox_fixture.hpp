#pragma once

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "postgres/connection.hpp"

namespace mailboat::test {

/// A database of its own with the outbox schema, and a superuser's connection to it.
class Outbox : public ::testing::Test {
 protected:
  Outbox();

  postgres::Rows sql(const std::string& statements) { return connection.query(statements); }
  /// The first value of the first row.
  std::string value(const std::string& statement) { return std::string(sql(statement).text(0, 0)); }
  /// The server's words for refusing the statement; empty, and a failed test, when it did not.
  std::string refusal(const std::string& statement);

  /// What the log holds about changes, in id order, each as its op and payload: `I {"id":1}`.
  std::vector<std::string> changes();
  /// A field of the last description of a topic, as text: `load`, `key`, `renamed_from`, ...
  std::string described(const std::string& topic, const std::string& field);
  /// How many R events the log holds about a topic.
  std::string descriptions(const std::string& topic);
  /// Applies the log to nothing and compares with a table whose key is `id`.
  void expect_log_makes_table(const std::string& table);
  /// A new role that may log in, with a name of its own: roles belong to the whole cluster.
  std::string create_role(const std::string& attributes = "");

  std::string conninfo;
  postgres::Connection connection;

 private:
  int roles_ = 0;
};

}  // namespace mailboat::test
