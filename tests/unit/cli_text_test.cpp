#include <gtest/gtest.h>
#include <sstream>

#include "cli/json.hpp"
#include "cli/sentence.hpp"
#include "cli/shortened.hpp"
#include "cli/text_table.hpp"
#include "common/characters.hpp"

namespace mailboat::cli {
namespace {

TEST(Sentence, JoinsMessageDetailAndHintAndDropsWhereItHappened) {
  EXPECT_EQ(server_sentence("ERROR:  table t has no primary key\nDETAIL:  It is a heap.\nHINT:  Add one.\n"
                            "CONTEXT:  PL/pgSQL function outbox.track(regclass)\nline 3 at PERFORM\n"),
            "table t has no primary key. It is a heap. Add one.");
  EXPECT_EQ(server_sentence("ERROR:  syntax error\nLINE 1: SELEC\n        ^\n"), "syntax error");
}

TEST(Sentence, KeepsWordsOfAServerInAnotherLanguage) {
  EXPECT_EQ(server_sentence("FEHLER:  Tabelle t hat keinen Schlüssel\nTIP:  Legen Sie einen an."),
            "FEHLER: Tabelle t hat keinen Schlüssel TIP: Legen Sie einen an.");
}

TEST(Sentence, IsOneLine) {
  EXPECT_EQ(one_line("refused\n\tIs it running?\n"), "refused. Is it running?");
  EXPECT_EQ(one_line("a:\n  b"), "a: b");
}

TEST(ShellWord, QuotesOnlyWhatAShellWouldTakeApart) {
  EXPECT_EQ(shell_word("public.users"), "public.users");
  EXPECT_EQ(shell_word("\"My Schema\".\"Täble\""), "'\"My Schema\".\"Täble\"'");
  EXPECT_EQ(shell_word("it's"), R"('it'\''s')");
  EXPECT_EQ(shell_word(""), "''");
}

TEST(Json, WritesEveryKindOfValueInOrder) {
  JsonWriter json;
  json.begin_object().key("text").value("a\"b\\c\n\x01 é").key("whole").value(std::int64_t{-5});
  json.key("real").value(0.5).key("true").value(true).key("none").null();
  json.key("maybe").value(std::optional<std::string>()).key("empty").begin_array().end_array();
  json.key("list").begin_array().value("x").value(std::int64_t{2}).end_array().end_object();
  EXPECT_EQ(json.text(),
            "{\n  \"text\": \"a\\\"b\\\\c\\u000a\\u0001 é\",\n  \"whole\": -5,\n  \"real\": 0.500,\n"
            "  \"true\": true,\n  \"none\": null,\n  \"maybe\": null,\n  \"empty\": [],\n"
            "  \"list\": [\n    \"x\",\n    2\n  ]\n}");
}

TEST(Json, NeverWritesWhatATerminalObeysOrWhatIsNotUtf8) {
  JsonWriter json;
  json.value("\x1b[2J \x7f \xC2\x9B \xE2\x80\xAE \xFF é");
  EXPECT_EQ(json.text(), R"("\u001b[2J \u007f \u009b \u202e \ufffd é")");
  JsonWriter almost;  // too long a form, half a surrogate pair, beyond Unicode
  almost.value("\xC0\xAF \xE0\x80\xAF \xED\xA0\x80 \xF4\x90\x80\x80");
  EXPECT_EQ(almost.text(),
            R"("\ufffd\ufffd \ufffd\ufffd\ufffd \ufffd\ufffd\ufffd \ufffd\ufffd\ufffd\ufffd")");
}

TEST(Json, LaysOutAnewWhatIsJsonAlready) {
  EXPECT_EQ(indented_json(R"( {"a":1.00 , "b" : [ ] ,"c":{"d":[1,true]}} )"),
            "{\n  \"a\": 1.00,\n  \"b\": [],\n  \"c\": {\n    \"d\": [\n      1,\n      true\n    ]\n  }\n}");
  EXPECT_EQ(indented_json(R"("a\"{\\")"), R"("a\"{\\")");
  EXPECT_EQ(indented_json("\"\x7f\""), R"("\u007f")");
  EXPECT_EQ(indented_json("null"), "null");
  JsonWriter json;
  json.begin_object().key("p").json(R"({"x":1})").key("q").null().end_object();
  EXPECT_EQ(json.text(), "{\n  \"p\": {\n    \"x\": 1\n  },\n  \"q\": null\n}");
}

TEST(Printable, ShowsEveryCharacterOnOneLine) {
  EXPECT_EQ(printable("Täble 日本 🙂"), "Täble 日本 🙂");
  EXPECT_EQ(printable("a\nb\tc\r"), "a\\nb\\tc\\u000d");
  EXPECT_EQ(printable("\x1b[31m\xC2\x9B"), "\\u001b[31m\\u009b");
  EXPECT_EQ(printable("\xFF\xE2\x82 \xC3"), "\\xff\\xe2\\x82 \\xc3");
  EXPECT_EQ(printable("\xE2\x80\xAEtxt.exe"), "\\u202etxt.exe");
}

TEST(Printable, IsShortenedByCharacter) {
  EXPECT_EQ(shortened("äöü äöü", 7), "äöü äöü");
  EXPECT_EQ(shortened("äöü äöüx", 7), "äöü ...");
  EXPECT_EQ(shortened("one\n two", 20), "one. two");
  EXPECT_EQ(shortened("", 5), "");
  EXPECT_EQ(shortened("abcd", 3), "...");
  EXPECT_EQ(shortened("abcd", 2), "..");
  EXPECT_EQ(shortened("abcd", 1), ".");
  EXPECT_EQ(shortened("abcd", 0), "");
}

TEST(TextTable, AlignsByCharacterAndLeavesNoTrailingSpace) {
  std::ostringstream out;
  print_table(out, {{"NAME", "LAG"}, {"Täble", "1"}, {"x", "22"}});
  EXPECT_EQ(out.str(), "NAME   LAG\nTäble  1\nx      22\n");
}

TEST(TextTable, WritesNumbersForPeople) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'000), "1,000");
  EXPECT_EQ(grouped(-1'234'567), "-1,234,567");
  EXPECT_EQ(rough_duration(0.04), "0.0 s");
  EXPECT_EQ(rough_duration(61), "61 s");
  EXPECT_EQ(rough_duration(3 * 60), "3 min");
  EXPECT_EQ(rough_duration(5 * 3600), "5 h");
  EXPECT_EQ(rough_duration(3.5 * 86400), "3 d");
  EXPECT_EQ(rough_size(1023), "1023 bytes");
  EXPECT_EQ(rough_size(1536), "1.5 KiB");
  EXPECT_EQ(rough_size(std::int64_t{3} << 40), "3.0 TiB");
}

}  // namespace
}  // namespace mailboat::cli
