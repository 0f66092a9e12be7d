#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <string>
#include <string_view>
#include <vector>

#include "consumer/relation.hpp"
#include "consumer/row_decoder.hpp"

namespace mailboat::consumer {

/// Compares rows of the source with what stands in a SQLite table, by the same reading of their values as
/// TableWriter's. Make a new one when the relation changes. Must not outlive the database. Throws
/// InvalidInput for a row that does not fit the relation, SQLite::Exception.
class RowComparison {
 public:
  RowComparison(SQLite::Database& database, const Relation& relation, const std::string& table);

  struct Result {
    bool is_there = false;
    std::vector<std::string> different_columns;  ///< of one that is there
    [[nodiscard]] bool is_equal() const { return is_there && different_columns.empty(); }
  };
  /// `json` is a row as the source has it; `buffer_end`: see RowDecoder::decode().
  Result compare(std::string_view json, const char* buffer_end);

 private:
  const Relation relation_;
  RowDecoder row_;
  SQLite::Statement select_;
};

}  // namespace mailboat::consumer
