#include "consumer/row_decoder.hpp"

#include <cmath>
#include <gtest/gtest.h>

#include "common/error.hpp"
#include "consumer/value_binding.hpp"

namespace mailboat::consumer {
namespace {

// One column per type of the basic contract; docs/types.md.
const std::vector<Column> columns{{"id", "bigint", 1},
                                  {"ok", "boolean", 2},
                                  {"price", "numeric(10,2)", 3},
                                  {"big", "numeric", 4},
                                  {"ratio", "double precision", 5},
                                  {"name", "text", 6},
                                  {"data", "bytea", 7},
                                  {"at", "timestamp without time zone", 8},
                                  {"at_utc", "timestamp(3) with time zone", 9},
                                  {"doc", "jsonb", 10},
                                  {"tags", "text[]", 11},
                                  {"day", "date", 12}};

class RowDecoderTest : public ::testing::Test {
 protected:
  // The value of the one column that is in `json`, with the JSON at the very end of its buffer.
  const Value& decode(const std::string& column, const std::string& json_value) {
    json_ = "{\"" + column + "\":" + json_value + "}";
    const auto& values = decoder_.decode(json_, json_.data() + json_.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].name == column) return values[i];
    }
    throw std::logic_error("no such column");
  }
  std::string text(const std::string& column, const std::string& json_value) {
    const auto& value = decode(column, json_value);
    EXPECT_EQ(value.kind, Value::Kind::Text) << column;
    return std::string(value.text);
  }

  RowDecoder decoder_{columns};
  std::string json_;
};

TEST_F(RowDecoderTest, IntegersAreExactToTheirLimits) {
  EXPECT_EQ(decode("id", "9223372036854775807").integer, INT64_MAX);
  EXPECT_EQ(decode("id", "-9223372036854775808").integer, INT64_MIN);
  EXPECT_EQ(decode("id", "9007199254740993").integer, 9007199254740993);  // 2^53 + 1
  EXPECT_THROW(decode("id", "9223372036854775808"), InvalidInput);
}

TEST_F(RowDecoderTest, NumericKeepsEveryDigit) {
  const std::string digits = "123456789012345678901234567890.123456789012345678901234567890";
  EXPECT_EQ(text("big", digits), digits);
  EXPECT_EQ(text("big", "\"NaN\""), "NaN");
}

TEST_F(RowDecoderTest, ShortNumericsAreNumbersAsSqliteWouldStoreThem) {
  EXPECT_EQ(decode("price", "12345678.90").kind, Value::Kind::Real);
  EXPECT_EQ(decode("price", "12345678.90").real, 12345678.9);
  EXPECT_EQ(decode("price", "-0.01").real, -0.01);
  EXPECT_EQ(decode("price", "12.00").kind, Value::Kind::Integer);
  EXPECT_EQ(decode("price", "12.00").integer, 12);
  EXPECT_EQ(decode("price", "-100").integer, -100);
  EXPECT_EQ(decode("price", "0.00").integer, 0);
  EXPECT_EQ(text("price", "\"NaN\""), "NaN");
}

// Not of the declared type, and yet nothing is rounded.
TEST_F(RowDecoderTest, NumericsThatNoNumberHoldsStayText) {
  EXPECT_EQ(text("price", "0.12345678901234567890"), "0.1234567890123456789");
  EXPECT_EQ(text("price", "9223372036854775809"), "9223372036854775809");
  EXPECT_EQ(text("price", "1e400"), "1e400");
  EXPECT_EQ(decode("price", "1.5e10").real, 1.5e10);
}

TEST_F(RowDecoderTest, AnOidIsAnIntegerAlthoughPostgresWritesAString) {
  EXPECT_EQ(decode("id", "\"4294967295\"").kind, Value::Kind::Integer);
  EXPECT_EQ(decode("id", "\"4294967295\"").integer, 4294967295);
  EXPECT_THROW(decode("id", "\"x\""), InvalidInput);
}

TEST_F(RowDecoderTest, WhatACastToJsonMakesOfATextTypeIsText) {
  EXPECT_EQ(text("name", "true"), "true");
  EXPECT_EQ(text("name", "1.50"), "1.50");
  EXPECT_EQ(text("name", R"({"a": 1})"), R"({"a": 1})");
}

TEST(ColumnForm, NumericsAreNumbersOnlyWhereADoubleHoldsThemAll) {
  EXPECT_EQ(form_of("numeric(15,0)"), Form::Numeric);
  EXPECT_EQ(form_of("numeric(3,-2)"), Form::Numeric);
  EXPECT_EQ(form_of("numeric(15,290)"), Form::Numeric);
  EXPECT_EQ(form_of("numeric(15,291)"), Form::Text);
  EXPECT_EQ(form_of("numeric(15,-291)"), Form::Text);
  EXPECT_EQ(form_of("numeric(16,2)"), Form::Text);
  EXPECT_EQ(form_of("numeric"), Form::Text);
  EXPECT_EQ(form_of("numeric(10,2)[]"), Form::Text);
  EXPECT_EQ(form_of("public.place{x integer, n numeric(10,2)}"), Form::Text);
}

TEST_F(RowDecoderTest, DoublesRoundTripAndTheirSpecialValuesAreText) {
  EXPECT_EQ(decode("ratio", "0.1").real, 0.1);
  EXPECT_EQ(decode("ratio", "1e-300").real, 1e-300);
  EXPECT_EQ(decode("ratio", "3").kind, Value::Kind::Real);
  EXPECT_TRUE(std::signbit(decode("ratio", "-0").real));
  EXPECT_EQ(text("ratio", "\"NaN\""), "NaN");
  EXPECT_EQ(text("ratio", "\"-Infinity\""), "-Infinity");
}

TEST_F(RowDecoderTest, BooleansAreZeroAndOne) {
  EXPECT_EQ(decode("ok", "true").integer, 1);
  EXPECT_EQ(decode("ok", "false").integer, 0);
  EXPECT_EQ(decode("ok", "false").kind, Value::Kind::Integer);
}

TEST_F(RowDecoderTest, TextIsUnescapedAndKeepsUnicode) {
  EXPECT_EQ(text("name", R"("a\"b\\c\nd\u00e9 😀")"), "a\"b\\c\nd\u00e9 \xF0\x9F\x98\x80");
  EXPECT_EQ(text("name", R"("")"), "");
  EXPECT_EQ(decode("name", "null").kind, Value::Kind::Null);
}

TEST_F(RowDecoderTest, BytesAreBytes) {
  const auto& value = decode("data", R"("\\x00ff10")");
  EXPECT_EQ(value.kind, Value::Kind::Blob);
  EXPECT_EQ(value.text, std::string("\x00\xff\x10", 3));
  EXPECT_EQ(decode("data", R"("\\x")").text, "");
  EXPECT_EQ(decode("data", R"("\\x")").kind, Value::Kind::Blob);
  EXPECT_THROW(decode("data", R"("\\x0")"), InvalidInput);
  EXPECT_THROW(decode("data", R"("\\xzz")"), InvalidInput);
}

TEST_F(RowDecoderTest, TimesAreInOneFormThatSorts) {
  EXPECT_EQ(text("at", R"("2020-04-13T05:01:31.5")"), "2020-04-13 05:01:31.5");
  EXPECT_EQ(text("at_utc", R"("2020-04-13T05:01:31+00:00")"), "2020-04-13 05:01:31Z");
  EXPECT_EQ(text("at_utc", R"("0044-03-15T00:00:00+00:00 BC")"), "0044-03-15 00:00:00Z BC");
  EXPECT_EQ(text("at", R"("infinity")"), "infinity");
  EXPECT_EQ(text("day", R"("2020-04-13")"), "2020-04-13");
  EXPECT_THROW(decode("at_utc", R"("2020-04-13T05:01:31+02:00")"), InvalidInput);
}

TEST_F(RowDecoderTest, JsonAndArraysStayTheJsonThatPostgresWrote) {
  EXPECT_EQ(text("doc", R"({"b": [1, 2.50], "a": null})"), R"({"b": [1, 2.50], "a": null})");
  EXPECT_EQ(text("doc", R"("a string")"), R"("a string")");
  EXPECT_EQ(text("doc", "1.10"), "1.10");
  EXPECT_EQ(text("doc", "true"), "true");
  EXPECT_EQ(text("tags", R"(["a","b c",null])"), R"(["a","b c",null])");
}

TEST_F(RowDecoderTest, FieldsMayComeInAnyOrderAndUnknownOnesArePassedOver) {
  const std::string json = R"({"later":{"x":[1]},"name":"n","id":5})";
  const auto& values = decoder_.decode(json, json.data() + json.size());
  EXPECT_EQ(values[0].integer, 5);
  EXPECT_EQ(values[5].text, "n");
  EXPECT_EQ(values[1].kind, Value::Kind::Null);
}

TEST_F(RowDecoderTest, NamesThatNeedEscapingAreFound) {
  const std::vector<Column> odd{{R"(a"b\c)", "integer", 1}, {"täg\nx", "integer", 2}};
  RowDecoder decoder(odd);
  const std::string json = R"({"a\"b\\c":1,"täg\nx":2})";
  const auto& values = decoder.decode(json, json.data() + json.size());
  EXPECT_EQ(values[0].integer, 1);
  EXPECT_EQ(values[1].integer, 2);
}

// What PostgreSQL usually writes is read in another way than JSON in general, which a blank brings about.
TEST_F(RowDecoderTest, ABlankMakesNoDifference) {
  const std::vector<Column> few{{"id", "bigint", 1},
                                {"ok", "boolean", 2},
                                {"price", "numeric(10,2)", 3},
                                {"name", "text", 4},
                                {"at", "timestamp with time zone", 5},
                                {"doc", "jsonb", 6}};
  RowDecoder decoder(few);
  const auto decoded = [&decoder](const std::string& json) -> std::string {
    try {
      return key_text(decoder.decode(json, json.data() + json.size()));
    } catch (const InvalidInput&) {
      return "refused";
    }
  };
  const auto row = [](const std::string& name, const std::string& doc, const std::string& end = "}") {
    return R"({"id":-12,"ok":true,"price":3.50,"name":)" + name +
           R"(,"at":"2020-04-13T05:01:31+00:00","doc":)" + doc + end;
  };
  EXPECT_EQ(decoded(row("\"n\"", "\"d\"")), R"(-12,1,3.5,'n','2020-04-13 05:01:31Z','"d"')");
  for (const auto& name :
       {R"("")", R"("seven b")", R"("eight by")", R"("nine byte")", R"("Ágætis byrjun")", "null", "1.50",
        "false", R"("a\"b")", "\"a\nb\"", "\"\xff\"", "e5", "+1", "nul", "\"open"}) {
    for (const auto& doc : {"null", "12.50", "true", R"("text")", R"({"a":[1,"}"]})", "[]", "x", ""}) {
      for (const auto& end : {"}", "", "}}", ",\"more\":1}", "} "}) {
        const auto json = row(name, doc, end);
        EXPECT_EQ(decoded(json), decoded(' ' + json)) << json;
      }
    }
  }
}

TEST_F(RowDecoderTest, ABrokenPayloadIsRefused) {
  for (const std::string json : {"", "{", "[1]", "{\"id\":}", "{\"id\":1", "\"x\"", "{\"name\":\"\\x\"}"}) {
    EXPECT_THROW(static_cast<void>(decoder_.decode(json, json.data() + json.size())), InvalidInput) << json;
  }
}

TEST(KeyText, DifferentKeysNeverShareAText) {
  const auto text = [](std::string_view value) {
    Value v;
    v.kind = Value::Kind::Text;
    v.text = value;
    return v;
  };
  const auto integer = [](std::int64_t value) {
    Value v;
    v.kind = Value::Kind::Integer;
    v.integer = value;
    return v;
  };
  EXPECT_NE(key_text({text("a','b")}), key_text({text("a"), text("b")}));
  EXPECT_NE(key_text({text("1")}), key_text({integer(1)}));
  EXPECT_EQ(key_text({integer(1), text("o'k")}), "1,'o''k'");
}

}  // namespace
}  // namespace mailboat::consumer
