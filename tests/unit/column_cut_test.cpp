#include "producer/column_cut.hpp"

#include <gtest/gtest.h>

#include "common/error.hpp"

namespace mailboat::producer {
namespace {

std::string cut(const ColumnCut& columns, EventId id, Op op, const std::string& payload,
                const std::string& topic = "public.t") {
  std::string buffer;
  return std::string(columns.cut({id, 1, topic, op, payload}, buffer).payload);
}

TEST(OnlyMembers, KeepsEachValueByteForByte) {
  EXPECT_EQ(only_members(R"({"id":1,"a":1.50,"b":"x\u0000\"},{","c":{"a":[1, {"b": "]"}]},"d":null})",
                         {"id", "b", "c"}),
            R"({"id":1,"b":"x\u0000\"},{","c":{"a":[1, {"b": "]"}]}})");
  EXPECT_EQ(only_members(R"({"a":1.50,"b":12345678901234567890.10,"e":-1e5})", {"a", "b", "e"}),
            R"({"a":1.50,"b":12345678901234567890.10,"e":-1e5})");
}

TEST(OnlyMembers, TakesBlanksAnywhere) {
  EXPECT_EQ(only_members(" {\n\"id\" : 1 ,\t\"secret\":[ 1 , 2 ] , \"a\" : true } ", {"id", "a"}),
            "{\"id\" : 1 ,\"a\" : true }");
  EXPECT_EQ(only_members("{ }", {"id"}), "{}");
}

TEST(OnlyMembers, OfNothingThatIsNamedNothingIsLeft) {
  EXPECT_EQ(only_members(R"({"secret":1})", {"id"}), "{}");
  EXPECT_EQ(only_members(R"({"secret":{"id":1}})", {"id"}), "{}") << "a member of a member is another one";
  EXPECT_EQ(only_members(R"({"id":1})", {}), "{}");
}

TEST(OnlyMembers, KnowsANameHoweverItIsWritten) {
  EXPECT_EQ(only_members(R"({"pr\u00e9nom":1,"\ud83d\ude00":2,"a\"b\\":3,"\u0061":4,"tab\t":5})",
                         {"prénom", "😀", "a\"b\\", "a", "tab\t"}),
            R"({"pr\u00e9nom":1,"\ud83d\ude00":2,"a\"b\\":3,"\u0061":4,"tab\t":5})");
  EXPECT_EQ(only_members(R"({"id\u0000":1,"\ud800":2,"ID":3})", {"id"}), "{}");
}

TEST(OnlyMembers, OfWhatIsNoObjectNothingIsSent) {
  for (const auto* json : {"[1,\"secret\"]", "\"secret\"", "42", "null", " true"})
    EXPECT_EQ(only_members(json, {"id"}), "{}") << json;
}

TEST(OnlyMembers, RefusesWhatIsNotJsonWithoutReadingBeyondIt) {
  for (const auto* json :
       {"{", "{\"id\"", "{\"id\":", "{\"id\":1", "{\"id\":1,", "{\"id", "{\"id\":\"x", "{\"id\":\"x\\",
        "{\"id\":[1", "{id:1}", "{\"id\" 1}", "{\"id\":}", "{\"\\u12\":1}", "{\"\\uzzzz\":1}",
        "{\"\\ud800\\u12\":1}", "{\"id\":1 \"a\":2}", "{\"id\":1,}", "{\"id\":1\"a\":2}"})
    EXPECT_THROW(only_members(json, {"id"}), InvalidInput) << json;
}

TEST(OnlyColumns, LeavesOutTheDescriptionsOfTheOthers) {
  EXPECT_EQ(only_columns(R"({"key": ["id"], "load": true, "columns": [{"name": "id", "type": "bigint", )"
                         R"("number": 1}, {"name": "secret", "type": "text", "number": 2}, )"
                         R"({"type": "text", "name": "a", "number": 3}], "schema": "public"})",
                         {"id", "a"}),
            R"({"key":["id"],"load":true,"columns":[{"name": "id", "type": "bigint", "number": 1},)"
            R"({"type": "text", "name": "a", "number": 3}],"schema":"public"})");
}

TEST(Cut, LeavesTopicsWithoutAListAsTheyAre) {
  ColumnCut columns;
  EXPECT_EQ(cut(columns, 1, Op::Insert, "{ \"secret\" : 1 }"), "{ \"secret\" : 1 }");
  columns.restrict("public.other", {"id"}, {});
  EXPECT_EQ(cut(columns, 1, Op::Insert, "{ \"secret\" : 1 }"), "{ \"secret\" : 1 }");
  EXPECT_EQ(columns.columns_of("public.t"), nullptr);
}

TEST(Cut, IsOfRowsKeysAndDescriptionsAlike) {
  ColumnCut columns;
  columns.restrict("public.t", {"id"}, {});
  EXPECT_EQ(cut(columns, 1, Op::Insert, R"({"id":1,"secret":2})"), R"({"id":1})");
  EXPECT_EQ(cut(columns, 1, Op::Update, R"({"id":1,"secret":2})"), R"({"id":1})");
  EXPECT_EQ(cut(columns, 1, Op::Delete, R"({"id" : 1, "secret" : 2})"), R"({"id" : 1})");
  EXPECT_EQ(cut(columns, 1, Op::Relation, R"({"columns":[{"name":"secret"}]})"), R"({"columns":[]})");
  EXPECT_EQ(cut(columns, 1, Op::Truncate, ""), "");
  EXPECT_EQ(cut(columns, 1, Op::Update, ""), "") << "captured without its content";
}

TEST(Cut, OfAnEventFromBeforeARenameGoesByTheNamesOfThatTime) {
  ColumnCut columns;
  columns.restrict("public.t", {"id", "c"}, {{20, "b", "c"}, {10, "a", "b"}});
  const std::string row = R"({"id":0,"a":1,"b":2,"c":3})";
  EXPECT_EQ(cut(columns, 10, Op::Update, row), R"({"id":0,"a":1})");
  EXPECT_EQ(cut(columns, 11, Op::Update, row), R"({"id":0,"b":2})");
  EXPECT_EQ(cut(columns, 20, Op::Update, row), R"({"id":0,"b":2})");
  EXPECT_EQ(cut(columns, 21, Op::Update, row), R"({"id":0,"c":3})");
  EXPECT_EQ(*columns.columns_of("public.t"), (Names{"id", "c"}));
}

TEST(Cut, AColumnThatHadANameOfTheListBeforeIsNotTheOneThatIsMeant) {
  ColumnCut columns;
  columns.restrict("public.t", {"id", "code"}, {{10, "code", "old_code"}});
  EXPECT_EQ(cut(columns, 5, Op::Update, R"({"id":0,"code":1})"), R"({"id":0})");
  EXPECT_EQ(cut(columns, 11, Op::Update, R"({"id":0,"code":1,"old_code":2})"), R"({"id":0,"code":1})");
}

TEST(Cut, NamesThatWereExchangedAtOnceAreExchangedBack) {
  ColumnCut columns;
  columns.restrict("public.t", {"id", "b"}, {{10, "a", "b"}, {10, "b", "a"}});
  EXPECT_EQ(cut(columns, 10, Op::Update, R"({"id":0,"a":1,"b":2})"), R"({"id":0,"a":1})");
  EXPECT_EQ(cut(columns, 11, Op::Update, R"({"id":0,"a":1,"b":2})"), R"({"id":0,"b":2})");
}

TEST(ColumnCut, OfATopicThatAnotherTableHasSinceCutsWhatTheFormerOneWrote) {
  ColumnCut columns;
  columns.restrict("public.t", {"id", "b"}, {{10, "a", "b"}}, 20);
  EXPECT_EQ(cut(columns, 5, Op::Insert, R"({"id":1,"a":2,"b":3})"), R"({"id":1,"a":2})");
  EXPECT_EQ(cut(columns, 20, Op::Insert, R"({"id":1,"a":2,"b":3})"), R"({"id":1,"b":3})");
  EXPECT_EQ(cut(columns, 21, Op::Insert, R"({"id":1,"a":2,"b":3})"), R"({"id":1,"a":2,"b":3})");
  EXPECT_EQ(columns.columns_of("public.t"), nullptr);
  columns.restrict("public.t", {"a"}, {});
  EXPECT_EQ(cut(columns, 20, Op::Insert, R"({"id":1,"b":3})"), R"({"id":1,"b":3})");
  EXPECT_EQ(cut(columns, 21, Op::Insert, R"({"a":2,"b":3})"), R"({"a":2})");
}

}  // namespace
}  // namespace mailboat::producer
