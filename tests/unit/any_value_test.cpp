#include <cmath>
#include <gtest/gtest.h>

#include "common/error.hpp"
#include "consumer/json_number.hpp"
#include "consumer/row_decoder.hpp"

namespace mailboat::consumer {
namespace {

/// Payloads of an application: `docs/types.md`, "Application events".
class AnyValueTest : public testing::Test {
 protected:
  const std::vector<Value>& decode_all(const std::string& json) {
    json_ = json;
    return decoder_.decode(json_, json_.data() + json_.size());
  }
  const Value& decode(const std::string& value) { return decode_all("{\"a\":" + value + "}").front(); }
  std::string text(const std::string& json_value) {
    const auto& value = decode(json_value);
    EXPECT_EQ(value.kind, Value::Kind::Text) << json_value;
    return std::string(value.text);
  }
  double real(const std::string& json_value) {
    const auto& value = decode(json_value);
    EXPECT_EQ(value.kind, Value::Kind::Real) << json_value;
    return value.real;
  }
  std::int64_t integer(const std::string& json_value) {
    const auto& value = decode(json_value);
    EXPECT_EQ(value.kind, Value::Kind::Integer) << json_value;
    return value.integer;
  }

  static Column without_field() {
    Column column("never");
    column.field.clear();
    return column;
  }

  const std::vector<Column> columns_{Column("a"), Column("b"), without_field()};
  RowDecoder decoder_{columns_};
  std::string json_;
};

TEST_F(AnyValueTest, IntegersAreExactToTheirLimits) {
  EXPECT_EQ(integer("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(integer("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(integer("0"), 0);
}

TEST_F(AnyValueTest, NumbersThatADoubleHoldsAreReal) {
  EXPECT_EQ(real("0.1"), 0.1);
  EXPECT_EQ(real("1.50"), 1.5);
  EXPECT_EQ(real("1.0"), 1.0);
  EXPECT_EQ(real("-2.5E+3"), -2500.0);
  EXPECT_EQ(real("1e2"), 100.0);
  EXPECT_EQ(real("0.30000000000000004"), 0.30000000000000004);
  EXPECT_EQ(real("5e-324"), 5e-324);
  EXPECT_EQ(real("10000000000000000000"), 1e19);
  EXPECT_EQ(real("0e99999999999"), 0.0);
  EXPECT_TRUE(std::signbit(real("-0.0")));
}

TEST_F(AnyValueTest, NumbersThatADoubleDoesNotHoldKeepEveryDigitAsText) {
  for (const std::string digits :
       {"9223372036854775808", "-9223372036854775809", "12345678901234567890", "0.1234567890123456789",
        "0.10000000000000001", "1e400", "-1e400", "1e-400", "4e-324", "1e99999999999"}) {
    EXPECT_EQ(text(digits), digits);
  }
}

TEST_F(AnyValueTest, OtherValuesAreWhatTheySay) {
  EXPECT_EQ(text(R"("a\"b\u00e9")"), "a\"b\xC3\xA9");
  EXPECT_EQ(text(R"("12")"), "12");
  EXPECT_EQ(text(R"("\\x00")"), "\\x00");
  EXPECT_EQ(integer("true"), 1);
  EXPECT_EQ(integer("false"), 0);
  EXPECT_EQ(decode("null").kind, Value::Kind::Null);
  EXPECT_EQ(text(R"({"b": [1, 2.50]})"), R"({"b": [1, 2.50]})");
  EXPECT_EQ(text(R"(["x",null])"), R"(["x",null])");
}

TEST_F(AnyValueTest, FieldsMayStandInAnyOrder) {
  const auto& values = decode_all(R"({"b":"two","a":"one"})");
  EXPECT_EQ(values[0].text, "one");
  EXPECT_EQ(values[1].text, "two");
}

TEST_F(AnyValueTest, AColumnWithoutAFieldStaysNull) {
  const auto& values = decode_all(R"({"":"x","never":"x","first":"x"})");
  for (const auto& value : values) EXPECT_EQ(value.kind, Value::Kind::Null);
}

TEST(ExactDouble, TakesNothingButAJsonNumber) {
  for (const auto* text :
       {"", "-", "+1", "1.", ".5", "1e", "1e+", "1e+-5", "1.5x", "inf", "-nan", "0x1p3", "1 "}) {
    EXPECT_THROW(static_cast<void>(exact_double(text)), InvalidInput) << text;
  }
}

}  // namespace
}  // namespace mailboat::consumer
