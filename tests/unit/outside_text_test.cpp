#include "producer/outside_text.hpp"

#include <gtest/gtest.h>

namespace mailboat::producer {
namespace {

using namespace std::string_literals;

constexpr std::size_t plenty = 1000;

TEST(OutsideText, LeavesTextOfAnyLanguageAlone) {
  const auto text = "SQLite says: \"Täble\" 表 \U0001F600 \\ '"s;
  EXPECT_EQ(outside_text(text, plenty), text);
  EXPECT_EQ(outside_text("", plenty), "");
}

TEST(OutsideText, ReplacesControlCharacters) {
  EXPECT_EQ(outside_text("a\0b\nc\x1b[0m\x7f\xc2\x9b"s, plenty), "a?b?c?[0m??");
  EXPECT_EQ(outside_text("\u2028-\u202e-\u2066", plenty), "?-?-?") << "what turns text around";
}

TEST(OutsideText, ReplacesWhatPostgresqlWouldNotTakeAsUtf8) {
  EXPECT_EQ(outside_text("\xff-\x80-\xc3", plenty), "?-?-?");
  EXPECT_EQ(outside_text("\xc0\xaf", plenty), "??") << "written longer than needed";
  EXPECT_EQ(outside_text("\xed\xa0\x80", plenty), "???") << "half of a surrogate pair";
  EXPECT_EQ(outside_text("\xf4\x90\x80\x80", plenty), "????") << "beyond Unicode";
  EXPECT_EQ(outside_text("\xe8\xa1x", plenty), "??x") << "cut short";
}

TEST(OutsideText, IsCutBetweenTwoCharacters) {
  EXPECT_EQ(outside_text("aéé", 5), "aéé");
  EXPECT_EQ(outside_text("aéé", 4), "aé");
  EXPECT_EQ(outside_text("aéé", 2), "a");
}

}  // namespace
}  // namespace mailboat::producer
