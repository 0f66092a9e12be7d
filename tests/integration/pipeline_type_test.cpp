// Values keep what they say on their way to SQLite, in the forms that the documentation promises.
#include <gmock/gmock.h>

#include "tests/integration/type_fixture.hpp"

namespace mailboat::test {
namespace {

using ::testing::ElementsAre;

TEST_F(Types, IntegersAndBooleansAreExactToTheirLimits) {
  carry("a smallint, b int, c bigint, d oid, e boolean",
        {"-32768, -2147483648, -9223372036854775808, 0, true",
         "32767, 2147483647, 9223372036854775807, 4294967295, false", "NULL, NULL, NULL, NULL, NULL",
         "0, 0, 9007199254740993, 1, NULL"});
  EXPECT_THAT(stored("typeof(c), c, e", 3), ElementsAre("null", std::nullopt, std::nullopt));
  EXPECT_THAT(stored("typeof(c), c, typeof(e), e", 1),
              ElementsAre("integer", "-9223372036854775808", "integer", "1"));
}

TEST_F(Types, NumericsKeepEveryDigit) {
  carry("a numeric, b numeric(10,2), c numeric(15,5), d numeric(16,2), e numeric(40,20)",
        {("123456789012345678901234567890.123456789, 12345678.90, 9999999999.99999, 12345678901234.10, "
          "12345678901234567890.12345678901234567890"),
         "1.500, 1.50, 0.00001, 0.10, 0", "'NaN', 'NaN', -1, -0.01, 1e-20", "NULL, NULL, NULL, NULL, NULL",
         "1e30, -99999999.99, 1e9, 0, -1"});
  EXPECT_THAT(stored("typeof(a), a, typeof(b), b", 3), ElementsAre("text", "NaN", "text", "NaN"));
  EXPECT_THAT(stored("typeof(a), a, typeof(b), b", 1),
              ElementsAre("text", "123456789012345678901234567890.123456789", "real", "12345678.9"));
}

TEST_F(Types, FloatsAreExactAndTheirSpecialValuesAreText) {
  carry(
      "a real, b double precision",
      {"0.1, 0.1", "'NaN', 'NaN'", "'Infinity', '-Infinity'", "3.4028235e38, 1.7976931348623157e308",
       "1.4e-45, 4.9406564584124654e-324", "0, 1e22", "1, 123456789.123456789", "NULL, 0.30000000000000004"});
  EXPECT_THAT(stored("typeof(a), typeof(b), b = 0.1", 1), ElementsAre("real", "real", "1"));
  EXPECT_THAT(stored("a, b", 3), ElementsAre("Infinity", "-Infinity"));
}

TEST_F(Types, BytesAreBlobs) {
  carry("a bytea", {"'\\x'", "'\\x00ff7f80'", "decode(repeat('00ab', 5000), 'hex')", "NULL", "'abc'"});
  EXPECT_THAT(stored("typeof(a), length(a)", 1), ElementsAre("blob", "0"));
  EXPECT_THAT(stored("typeof(a), hex(a)", 2), ElementsAre("blob", "00FF7F80"));
}

TEST_F(Types, DatesAndTimesDoNotDependOnTheWritersSession) {
  carry("a date, b timestamp, c timestamptz, d time, e timetz, f interval, g timestamptz(3)",
        {"'2024-02-29', '2024-02-29 23:59:59.999999', '2024-02-29 23:59:59.5+05:30', '24:00', "
         "'01:02:03+05:30', "
         "'1 year 2 mons -3 days 04:05:06.789', '2024-06-01 12:00:00.1234+00'",
         "'infinity', '-infinity', 'infinity', '00:00', NULL, '0', '-infinity'",
         "'0044-03-15 BC', '0044-03-15 01:02:03 BC', '0044-03-15 12:00:00+00 BC', NULL, NULL, NULL, NULL",
         "'12345-01-01', '12345-01-01 00:00', '12345-01-01 12:00+00', '12:00:00.000001', NULL, '-1 day', "
         "'1900-01-01 00:00+00'"});
  EXPECT_THAT(stored("a, b, c", 1),
              ElementsAre("2024-02-29", "2024-02-29 23:59:59.999999", "2024-02-29 18:29:59.5Z"));
  EXPECT_THAT(stored("c, typeof(c)", 2), ElementsAre("infinity", "text"));
}

TEST_F(Types, JsonArraysAndCompositesAreJsonText) {
  sql("CREATE TYPE point3 AS (x int, y numeric, label text)");
  carry("a json, b jsonb, c int[], d text[], e point3, f int[][]",
        {(R"('{"b": 1, "a": [1.50, null, "ü"]}', '{"b": 1, "a": [1.50, null, "ü"]}', '{1,NULL,-3}', )"
          R"(ARRAY['a,b', '"q"', 'NULL', NULL, '', E'line\nbreak'], ROW(1, 2.50, 'x "y"'), '{{1,2},{3,4}}')"),
         R"('null', 'null', '{}', '{}', NULL, '{}')",
         R"('"text"', '"te\\xt"', NULL, NULL, ROW(NULL,NULL,NULL), NULL)",
         R"('  12.00 ', '12.00', NULL, NULL, NULL, NULL)", "NULL, NULL, NULL, NULL, NULL, NULL",
         R"('[1,  2]', '{"n": 123456789012345678901234567890.10}', '[0:1]={5,6}', NULL, NULL, NULL)"});
  EXPECT_THAT(stored("a, typeof(a), c", 1),
              ElementsAre(R"({"b": 1, "a": [1.50, null, "ü"]})", "text", "[1,null,-3]"));
}

TEST_F(Types, TextKeepsEveryCharacterAndEmptyIsNotNull) {
  carry("a text, b varchar(20), c char(5), d \"char\", e name",
        {"'', '', '', 'x', ''", "NULL, NULL, NULL, NULL, NULL",
         R"(E'\U0001F600 \U0010FFFF é e\u0301 "quoted" \\ \b\t\r\n\x01 \u2028', 'ü', 'ab', 'y', 'n')",
         "'007', '1e5', ' 1 ', '1', '0'", R"(repeat('𝄞', 20000), '</script>', 'a', 'b', 'c')"});
  EXPECT_THAT(stored("typeof(a), a, typeof(b), typeof(c)", 1), ElementsAre("text", "", "text", "text"));
  EXPECT_THAT(stored("a, typeof(a), b", 4), ElementsAre("007", "text", "1e5"));
}

TEST_F(Types, EverythingElseIsTextAsPostgresPrintsIt) {
  sql("CREATE TYPE mood AS ENUM ('sad', 'it''s ok'); CREATE DOMAIN positive AS int CHECK (VALUE > 0);"
      "CREATE DOMAIN cents AS numeric(12,2)");
  carry(
      "a uuid, b inet, c mood, d positive, e int4range, f point, g bit varying(8), h money, i xml, j "
      "tsvector, "
      "k cents, l macaddr, m cents[], n regclass",
      {"'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '10.0.0.1/8', 'it''s ok', 5, '[1,5)', '(1.5,-2)', '10110', "
       "'-1234.50', '<a b=\"c\"/>', 'fat & rat', 1.50, '08:00:2b:01:02:03', '{1.50}', 'pg_class'",
       "NULL, NULL, NULL, NULL, 'empty', NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL"});
}

TEST_F(Types, KeysOfEveryUsualTypeFindTheirRows) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> keys = {
      {"bigint", {"-9223372036854775808", "0", "9223372036854775807"}},
      {"text", {"''", "'1'", "'01'", "'a'", "'A'"}},
      {"numeric", {"1.0", "10", "123456789012345678901234567890.5"}},
      {"numeric(10,2)", {"1.00", "0.10", "99999999.99"}},
      {"double precision", {"0.1", "'NaN'", "1e300"}},
      {"boolean", {"true", "false"}},
      {"bytea", {"'\\x'", "'\\x00'", "'\\x0000'"}},
      {"timestamptz", {"'2024-01-01 00:00:00.1+02'", "'infinity'"}},
      {"jsonb", {"'{}'", "'[1, 2]'", "'\"x\"'"}},
  };
  std::string tables;
  int number = 0;
  for (const auto& [type, values] : keys) {
    const auto table = "k" + std::to_string(number++);
    sql("CREATE TABLE " + table + " (k " + type + " PRIMARY KEY, v int); SELECT outbox.track('" + table +
        "')");
  }
  subscribe();
  start_producer();
  catch_up();
  number = 0;
  for (const auto& [type, values] : keys) {
    const auto table = "k" + std::to_string(number++);
    for (const auto& v : values) sql("INSERT INTO " + table + " VALUES (" + v + ", 1)");
  }
  catch_up();
  for (int i = 0; i < number; ++i) expect_equal("k" + std::to_string(i));
  number = 0;
  for (const auto& [type, values] : keys) {
    const auto table = "k" + std::to_string(number++);
    sql("UPDATE " + table + " SET v = 2; DELETE FROM " + table + " WHERE k = " + values.front());
  }
  catch_up();
  for (int i = 0; i < number; ++i) expect_equal("k" + std::to_string(i));
}

}  // namespace
}  // namespace mailboat::test
