#pragma once

#include <string>
#include <vector>

#include "tests/integration/pipeline_fixture.hpp"

namespace mailboat::test {

/// The same values go to the replica by each way that there is: by a first load, by row capture, and by
/// statement capture. All have to end in the same, which is what PostgreSQL says of them.
class Types : public Pipeline {
 protected:
  /// `values`: rows without their id. Written by a session with settings of its own.
  void carry(const std::string& columns, const std::vector<std::string>& values) {
    sql("CREATE TABLE t (id serial PRIMARY KEY, " + columns +
        "); CREATE TABLE s (LIKE t INCLUDING ALL);"
        "SELECT outbox.track('t'), outbox.track('s', capture => 'statement')");
    sql("SET TimeZone = 'Asia/Kolkata'; SET DateStyle = 'German'; SET IntervalStyle = 'sql_standard';"
        "SET bytea_output = 'escape'; SET extra_float_digits = -5");
    const auto insert = [&](const std::string& table) {
      for (const auto& row : values) sql("INSERT INTO " + table + " VALUES (DEFAULT, " + row + ")");
    };
    insert("t");
    subscribe();
    start_producer();
    catch_up();
    insert("t");
    insert("s");
    sql("UPDATE t SET id = id + 1000 WHERE id % 2 = 0; UPDATE s SET id = id + 1000; RESET ALL");
    catch_up();
    expect_equal("t");
    expect_equal("s");
  }

  /// Each type by itself: column number i of the rows holds the i-th type's values in turn, and then NULL.
  struct Samples {
    std::string type;
    std::vector<std::string> values;  ///< in SQL
  };
  void carry(const std::vector<Samples>& samples) {
    std::string columns;
    std::vector<std::string> rows;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      columns += (i > 0 ? ", c" : "c") + std::to_string(i) + ' ' + samples[i].type;
      if (rows.size() < samples[i].values.size() + 1) rows.resize(samples[i].values.size() + 1);
    }
    for (std::size_t row = 0; row < rows.size(); ++row) {
      for (const auto& one : samples) {
        rows[row] += (rows[row].empty() ? "" : ", ") + (row < one.values.size() ? one.values[row] : "NULL");
      }
    }
    carry(columns, rows);
  }

  /// Of the first rows of `t`, counted from 1.
  SqliteReader::Row stored(const std::string& columns, int number) {
    const auto id = number % 2 == 0 ? number + 1000 : number;
    const auto rows = replica().rows("SELECT " + columns + " FROM t WHERE id = " + std::to_string(id));
    return rows.empty() ? SqliteReader::Row{"no such row"} : rows.front();
  }
};

}  // namespace mailboat::test
