#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <string>
#include <vector>

#include "consumer/row_decoder.hpp"

namespace mailboat::consumer {

/// A blob is not copied: it must live until the statement has been run.
void bind(SQLite::Statement& statement, int index, const Value& value);
/// Parameters 1, 2, ... Returns the index after the last.
int bind(SQLite::Statement& statement, const std::vector<Value>& values);

/// A key's values as one text that two different keys never share: SQL literals separated by commas. Pure.
[[nodiscard]] std::string key_text(const std::vector<Value>& values);

/// A condition that finds the row with this key in SQLite: `"id" = 7 AND "region" = 'eu'`. Pure.
[[nodiscard]] std::string key_condition_of(const std::vector<std::string>& names,
                                           const std::vector<Value>& values);

/// A statement must be reset before it is used again, and the error of one that failed must not be raised
/// twice.
template <typename Statement>
class ResetOnExit {
 public:
  explicit ResetOnExit(Statement& statement) : statement_(statement) {}
  ~ResetOnExit() { statement_.tryReset(); }
  ResetOnExit(const ResetOnExit&) = delete;
  ResetOnExit& operator=(const ResetOnExit&) = delete;

 private:
  Statement& statement_;
};

}  // namespace mailboat::consumer
