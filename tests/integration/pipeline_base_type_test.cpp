// Every type that PostgreSQL brings with it, at the edges of what it can hold.
#include <gmock/gmock.h>

#include "tests/integration/type_fixture.hpp"

namespace mailboat::test {
namespace {

class BaseTypes : public Types {
 protected:
  using List = std::vector<Samples>;

  [[nodiscard]] static List numbers() {
    return {
        {"boolean", {"true", "false"}},
        {"smallint", {"-32768", "32767", "0"}},
        {"integer", {"-2147483648", "2147483647"}},
        {"bigint", {"-9223372036854775808", "9223372036854775807", "9007199254740993", "-9007199254740993"}},
        {"real",
         {"'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "3.4028235e38", "1e-45", "0.1", "16777217", "1e15"}},
        {"double precision",
         {"'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "1.7976931348623157e308", "4.9406564584124654e-324",
          "0.30000000000000004", "9007199254740993", "1e22", "1e23", "-2.2250738585072014e-308"}},
        {"numeric",
         {"'NaN'", "(repeat('9', 131072) || '.' || repeat('9', 16383))::numeric", "-1e131071", "1e-16383",
          "0.000", "-0.0", "9223372036854775808", "1.10"}},
        {"numeric(15,5)", {"9999999999.99999", "-0.00001", "'NaN'", "12.50000", "0", "-1"}},
        {"numeric(15,0)", {"999999999999999", "-999999999999999"}},
        {"numeric(5,2)", {"100.00", "0.10", "-0.01"}},
        {"numeric(16,2)", {"12345678901234.10", "0.00"}},
        {"money", {"'92233720368547758.07'", "'-92233720368547758.08'", "0"}},
        {"oid", {"0", "4294967295"}},
    };
  }

  [[nodiscard]] static List texts() {
    return {
        {"text",
         {"''", "' '", "'NULL'", R"(E'\\ \\\\ \\u0041 \b\f\t\r\n\v\x01\x1f\x7f')",
          R"(E'\U0001F600 \U0010FFFF \u20ac e\u0301 \ufeff \u2028')", "'007'", "repeat('𝄞\"', 20000)",
          "(SELECT string_agg(chr(i), '') FROM generate_series(1, 1000) i)"}},
        {"character varying(3)", {"''", "'äöü'", "'a  '"}},
        {"character(5)", {"''", "'ab'", "'ab   '", "'äöüßé'"}},
        {"\"char\"", {"''", "'a'", R"('\')", "(-56)::\"char\""}},
        {"name", {"''", "repeat('ü', 31)"}},
        {"bytea",
         {"''", R"('\x00')", R"('\xdeadbeef')", "decode(repeat('5c00ff', 5000), 'hex')",
          "(SELECT string_agg(set_byte('\\x00', 0, i), '') FROM generate_series(0, 255) i)"}},
        {"uuid", {"'00000000-0000-0000-0000-000000000000'", "'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF'"}},
        {"bit(3)", {"B'101'", "B'000'"}},
        {"bit varying", {"''", "B'0'", "repeat('10', 5000)::bit varying"}},
        {"xml",
         {"'<a b=\"c\">&amp; é <!-- --></a>'", "XMLPARSE(CONTENT 'no element')",
          "'<?xml version=\"1.0\" encoding=\"UTF-8\"?><a/>'"}},
        {"tsvector", {"''", "'a:1A b:2,3B ''it''''s'':4'", "'fat rat'"}},
        {"tsquery", {"''", "'fat & (rat | !cat:AB*) <2> dog'"}},
        {"refcursor", {"'c'", "''"}},
        {"jsonpath", {"'$.a[*] ? (@ > 1)'", "'strict $'"}},
    };
  }

  [[nodiscard]] static List json() {
    return {
        {"json",
         {"'null'", "' [1,  {\"a\": null}] '", R"('"\ud83d\ude00 \ud800 \u0000 \/"')", "'1e400'", "'-0'",
          "'123456789012345678901234567890.10'", R"('{"a":1,"a":2,"":3}')", "'true'",
          "(repeat('[', 2000) || repeat(']', 2000))::json", "'\"\"'"}},
        {"jsonb",
         {"'null'", "'[1,  {\"a\": null}]'", R"('"\ud83d\ude00 \u0001 \/ \\"')", "'1e400'", "'-0'", "'1.10'",
          "'{}'", R"('{"b":1,"a":[null,false]}')"}},
        {"json[]", {"ARRAY['null', NULL, '{\"a\": 1}']::json[]"}},
    };
  }

  [[nodiscard]] static List times() {
    return {
        {"date",
         {"'4714-11-24 BC'", "'5874897-12-31'", "'infinity'", "'-infinity'", "'0001-12-31 BC'",
          "'0001-01-01'", "'2000-02-29'"}},
        {"time", {"'00:00'", "'24:00:00'", "'23:59:59.999999'", "'23:59:60'", "'12:00:00.1'"}},
        {"time with time zone",
         {"'24:00:00-15:59:59'", "'00:00:00+15:59'", "'23:59:60+00'", "'12:00:00.5+05:30'"}},
        {"timestamp",
         {"'4714-11-24 00:00:00 BC'", "'294276-12-31 23:59:59.999999'", "'infinity'", "'-infinity'",
          "'2016-12-31 23:59:60'", "'0001-12-31 23:59:59 BC'", "'1999-12-31 24:00:00'"}},
        {"timestamp with time zone",
         {"'4714-11-24 00:00:00+00 BC'", "'294276-12-31 23:59:59.999999+00'", "'infinity'", "'-infinity'",
          "'2016-12-31 23:59:60+00'", "'0044-03-15 12:00:00.5+00 BC'",
          "'2024-10-27 01:30:00 Europe/Berlin'"}},
        {"timestamp(0) with time zone", {"'2024-06-01 12:00:00.5+00'"}},
        {"interval",
         {"'178000000 years'", "'-178000000 years'", "'1 mon -1 day 00:00:00.000001'", "'0'", "'-00:00:01'",
          "'2147483647 days'", "'1 year 2 mons -3 days -04:05:06.789'"}},
        {"interval year to month", {"'14 mons'"}},
    };
  }

  [[nodiscard]] static List places_and_ranges() {
    return {
        {"point", {"'(1.5,-2)'", "'(Infinity,NaN)'", "'(-0,1e300)'"}},
        {"line", {"'{1,-1,0}'"}},
        {"lseg", {"'[(0,0),(1,1)]'"}},
        {"box", {"'(0,0),(1,1)'"}},
        {"path", {"'[(0,0),(1,1)]'", "'((0,0),(1,1),(2,0))'"}},
        {"polygon", {"'((0,0),(1,1),(2,0))'"}},
        {"circle", {"'<(0.1,0),2>'"}},
        {"inet", {"'10.0.0.1'", "'10.0.0.1/8'", "'0.0.0.0/0'", "'::ffff:1.2.3.4/96'"}},
        {"cidr", {"'10.0.0.0/8'", "'2001:db8::/32'"}},
        {"macaddr", {"'08:00:2b:01:02:03'"}},
        {"macaddr8", {"'08:00:2b:01:02:03:04:05'"}},
        {"int4range", {"'empty'", "'(,)'", "'[1,5)'"}},
        {"int8range", {"'[-9223372036854775808,)'"}},
        {"numrange", {"'(1.10,2.20]'", "'empty'"}},
        {"tsrange", {"'[2024-01-01 00:00,infinity)'", "'(,)'"}},
        {"tstzrange", {"'[2024-01-01 00:00+05:30,2024-01-02 00:00+00)'"}},
        {"daterange", {"'[0044-03-15 BC,infinity]'", "'(,2024-01-01]'"}},
    };
  }

  [[nodiscard]] static List internals() {
    return {
        {"pg_lsn", {"'0/0'", "'FFFFFFFF/FFFFFFFF'"}},
        {"xid8", {"'0'", "'18446744073709551615'"}},
        {"xid", {"'4294967295'"}},
        {"cid", {"'4294967295'"}},
        {"tid", {"'(4294967295,65535)'"}},
        {"pg_snapshot", {"'10:20:10,14,15'", "'1:1:'"}},
        {"txid_snapshot", {"'10:20:10,14,15'"}},
        {"aclitem", {"'pg_monitor=r/pg_monitor'"}},
        {"int2vector", {"'1 -2'", "''"}},
        {"oidvector", {"'1 4294967295'"}},
        {"regclass", {"'pg_class'", "'outbox.event'", "'public.t'", "'-'", "'4294967295'"}},
        {"regproc", {"'now'", "'outbox.track'"}},
        {"regprocedure", {"'lower(text)'"}},
        {"regoper", {"'||/'"}},
        {"regoperator", {"'+(integer,integer)'"}},
        {"regtype", {"'integer[]'", "'outbox.event'"}},
        {"regrole", {"'pg_monitor'"}},
        {"regnamespace", {"'public'"}},
        {"regconfig", {"'english'"}},
        {"regdictionary", {"'simple'"}},
        {"regcollation", {"'\"C\"'"}},
    };
  }

  // What later versions of PostgreSQL have brought.
  [[nodiscard]] List newer() {
    List list;
    if (connection.server_version() >= 140000) {
      list = {{"numeric", {"'Infinity'", "'-Infinity'"}},
              {"int4multirange", {"'{}'", "'{[1,3),[5,7)}'"}},
              {"int8multirange", {"'{(,)}'"}},
              {"nummultirange", {"'{[1.10,2.20),(3,)}'"}},
              {"tsmultirange", {"'{[2024-01-01 00:00,infinity)}'"}},
              {"tstzmultirange", {"'{[2024-01-01 00:00+05:30,)}'"}},
              {"datemultirange", {"'{[2024-01-01,2024-01-02)}'"}}};
    }
    if (connection.server_version() >= 150000) {
      const List more{{"numeric(3,-2)", {"99900", "-100"}},
                      {"numeric(3,5)", {"0.00999", "-0.00001"}},
                      {"numeric(2,-20)", {"9900000000000000000000", "100000000000000000000"}},
                      {"numeric(15,290)", {"123456789012345e-290"}},
                      {"numeric(15,291)", {"123456789012345e-291"}},
                      {"numeric(15,-291)", {"123456789012345e291"}}};
      list.insert(list.end(), more.begin(), more.end());
    }
    if (connection.server_version() >= 170000) list.push_back({"interval", {"'infinity'", "'-infinity'"}});
    return list;
  }
};

TEST_F(BaseTypes, NumbersArriveAsPostgresSaysThem) { carry(numbers()); }
TEST_F(BaseTypes, TextsArriveAsPostgresSaysThem) { carry(texts()); }
TEST_F(BaseTypes, JsonArrivesAsPostgresSaysIt) { carry(json()); }
TEST_F(BaseTypes, TimesArriveAsPostgresSaysThem) { carry(times()); }
TEST_F(BaseTypes, PlacesAndRangesArriveAsPostgresSaysThem) { carry(places_and_ranges()); }
TEST_F(BaseTypes, InternalTypesArriveAsPostgresSaysThem) { carry(internals()); }
TEST_F(BaseTypes, TypesOfNewerVersionsArriveAsPostgresSaysThem) {
  const auto samples = newer();
  if (samples.empty()) GTEST_SKIP() << "needs PostgreSQL 14 or later";
  carry(samples);
}

// Those left out cannot be written by anybody.
TEST_F(BaseTypes, NoneIsForgotten) {
  std::string tried =
      "'pg_ndistinct', 'pg_dependencies', 'pg_mcv_list', 'pg_node_tree', 'gtsvector', "
      "'pg_brin_bloom_summary', 'pg_brin_minmax_multi_summary'";
  for (const auto& list : {numbers(), texts(), json(), times(), places_and_ranges(), internals(), newer()}) {
    for (const auto& [type, values] : list) tried += ", format_type('" + type + "'::regtype, NULL)";
  }
  EXPECT_EQ(value("SELECT coalesce(string_agg(format_type(oid, NULL), ', '), '') FROM pg_type "
                  "WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm') "
                  "AND typcategory <> 'A' AND typelem = 0 AND format_type(oid, NULL) NOT IN (" +
                  tried + ")"),
            "");
}

}  // namespace
}  // namespace mailboat::test
