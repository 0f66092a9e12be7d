// What is written here must be what PostgreSQL would write: a loaded row and a captured one are the same.
#include "producer/row_image.hpp"

#include "postgres/copy_text.hpp"
#include "producer/load_table.hpp"
#include "tests/integration/window_fixture.hpp"

namespace mailboat::producer {
namespace {

class RowImageTest : public WindowTest {
 protected:
  /// Loads the table's rows as loads do, and compares each with row_to_json().
  void expect_as_postgres_writes(const std::string& table, bool is_plain) {
    admin_.query("SELECT outbox.track($1::regclass)", {table});
    auto described = describe_table(source_, everything_, "public." + table);
    ASSERT_TRUE(described.has_value());
    ASSERT_EQ(described->plain_image.has_value(), is_plain);
    std::vector<std::string> rows;
    source_.copy(described->rows_query(true, 1000), [&](std::string_view line) {
      rows.emplace_back(is_plain ? described->plain_image->of(line)
                                 : postgres::unescaped(postgres::next_field(line).value_or("")));
    });
    const auto expected =
        source_.query("SELECT row_to_json(whole.*) FROM public." + table + " whole ORDER BY id");
    ASSERT_GT(rows.size(), 0U);
    ASSERT_EQ(rows.size(), static_cast<std::size_t>(expected.size()));
    for (int row = 0; row < expected.size(); ++row) {
      EXPECT_EQ(rows[static_cast<std::size_t>(row)], expected.text(row, 0));
    }
  }
};

TEST_F(RowImageTest, IsWhatRowToJsonWritesWhateverTheValues) {
  admin_.query(R"sql(
    CREATE TABLE sample (
      id int PRIMARY KEY, "odd ""name\" bool, i2 smallint, i8 bigint, f4 real, f8 double precision, n numeric, n2 numeric(20,4),
      t text, v varchar(50), c char(5), b bytea, u uuid, d date, ti time, ts timestamp, tz timestamptz);
    INSERT INTO sample (id) VALUES (0);
    INSERT INTO sample SELECT n, n % 2 = 0,
      (ARRAY[0, -32768, 32767])[1 + n % 3], (ARRAY[0, -9223372036854775808, 9223372036854775807])[1 + n % 3],
      (ARRAY['NaN', 'Infinity', '-Infinity', '-0', '1e-37', '3.4e38', '0.1', '100000', '1e7'])[1 + n % 9]::real,
      (ARRAY['NaN', 'Infinity', '-Infinity', '-0', '5e-324', '1.7976931348623157e308', '0.1', '1e15', '1e16'])[1 + n % 9]::float8,
      (ARRAY['NaN', 'Infinity', '-Infinity', '0', '-0.000', '1e500', '12345678901234567890.0987654321'])[1 + n % 7]::numeric,
      (n - 20) / 7.0,
      CASE WHEN n BETWEEN 1 AND 127 THEN 'a' || chr(n) || 'b' || chr(n) || chr(n) ELSE U&'\00e4\6f22\+01F600 "\\/' END,
      CASE n % 3 WHEN 0 THEN '' WHEN 1 THEN ' ' ELSE repeat('\"', 20) END,
      CASE n % 2 WHEN 0 THEN 'x' ELSE '' END,
      CASE n % 3 WHEN 0 THEN '' WHEN 1 THEN '\x00ff5c22' ELSE NULL END::bytea, md5(n::text)::uuid,
      (ARRAY['infinity', '-infinity', '0044-03-15 BC', '5874897-12-31', '2000-02-29', '4713-01-01 BC'])[1 + n % 6]::date,
      (ARRAY['00:00', '24:00', '23:59:59.999999', '12:34:56.5'])[1 + n % 4]::time,
      (ARRAY['infinity', '-infinity', '0044-03-15 12:00 BC', '294276-12-31 23:59:59.999999', '2000-01-01',
             '2020-04-13 05:01:31.5'])[1 + n % 6]::timestamp,
      (ARRAY['infinity', '-infinity', '0044-03-15 12:00:00.25+05 BC', '294276-12-31 23:59:59.999999+00', '2000-01-01 00:00+14',
             '1883-11-18 12:03:58-07:52:58'])[1 + n % 6]::timestamptz
    FROM generate_series(1, 200) n)sql");
  expect_as_postgres_writes("sample", true);
}

TEST_F(RowImageTest, IsLeftToPostgresWhereAColumnsJsonIsNotPlain) {
  int number = 0;
  for (const auto* type :
       {"json", "jsonb", "int[]", "money", "interval", "oid", "int4range", "time with time zone", "positive",
        "mood", "place", "xml", "\"char\"", "name", "inet", "point", "bit(3)"}) {
    if (number == 0) {
      admin_.query(
          "CREATE DOMAIN positive AS int; CREATE TYPE mood AS ENUM ('ok'); CREATE TYPE place AS (x int)");
    }
    const auto table = "odd_" + std::to_string(++number);
    admin_.query("CREATE TABLE " + table + " (id int PRIMARY KEY, value " + type + ", r text);" +
                 "INSERT INTO " + table + " VALUES (1, NULL, 'x')");
    SCOPED_TRACE(type);
    expect_as_postgres_writes(table, false);
  }
}

}  // namespace
}  // namespace mailboat::producer
