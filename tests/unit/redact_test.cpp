#include "postgres/redact.hpp"

#include <gtest/gtest.h>

namespace mailboat::postgres {
namespace {

TEST(Redact, HidesWhateverPartOfAPasswordLibpqQuotesBack) {
  EXPECT_EQ(redact(R"(missing "=" after "postgres:/u:secret@h/db" in string)", "postgres:/u:secret@h/db"),
            R"(missing "=" after "***" in string)");
  EXPECT_EQ(redact(R"(invalid integer value "sec" for option "port")", "postgresql://u:sec/ret@h/db"),
            R"(invalid integer value "***" for option "port")");
  EXPECT_EQ(redact(R"(could not translate host name "ret@h")", "postgresql://u:sec@ret@h/db"),
            R"(could not translate host name "***")");
  EXPECT_EQ(redact(R"(missing "=" after "ret" in string)", "host=h password=sec ret"),
            R"(missing "=" after "***" in string)");
  EXPECT_EQ(redact(R"(bad token: "%zz")", "postgresql://h/db?password=%zz&port=1"), R"(bad token: "***")");
}

TEST(Redact, HidesAPasswordThatHoldsAQuote) {
  EXPECT_EQ(redact(R"(missing "=" after "sec"ret" in string)", R"(host=h password=my sec"ret)"),
            R"(missing "***" in string)");
  EXPECT_EQ(redact(R"(invalid port number: "my"sec")", R"(postgresql://u:my"sec/ret@h/db)"),
            R"(invalid port number: "***")");
  EXPECT_EQ(redact(R"(unterminated: "sec)", R"(host=h password=sec"ret)"), R"(unterminated: "***)");
  EXPECT_EQ(redact("no quote at all", R"(host=h password=sec"ret)"), "no quote at all");
}

TEST(Redact, LeavesTheRestReadable) {
  const std::string failed = R"(connection to server at "10.0.0.1", port 5432 failed: no user "app")";
  EXPECT_EQ(redact(failed, "postgresql://app:hunter2@10.0.0.1/shop"), failed);
  EXPECT_EQ(redact(failed, "postgresql://app@10.0.0.1/shop"), failed);
  EXPECT_EQ(redact(failed, "host=10.0.0.1 user=app"), failed);
  EXPECT_EQ(redact("an unbalanced \" quote", "host=h password=x"), "an unbalanced \" quote");
}

std::string arguments_after_hiding(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  hide_passwords(static_cast<int>(argv.size()), argv.data());
  std::string all;
  for (const auto& argument : arguments) all += argument + "\n";
  return all;
}

TEST(Redact, HidesThePasswordsOfArguments) {
  EXPECT_EQ(arguments_after_hiding({"mailboat", "--postgres", "postgresql://app:hunter2@h/db", "status"}),
            "mailboat\n--postgres\npostgresql://app:*******@h/db\nstatus\n");
  EXPECT_EQ(arguments_after_hiding({"mailboat", "--postgres=host=h password=hunter2"}),
            "mailboat\n--postgres=host=h password=*******\n");
  EXPECT_EQ(arguments_after_hiding({"mailboat", "--postgres", "postgresql://h/db?password=hunter2&port=1"}),
            "mailboat\n--postgres\npostgresql://h/db?password=**************\n");
  const std::string innocent = "mailboat\n--postgres\npostgresql://app@h/db\n--topic\na:/b:c@d\n";
  EXPECT_EQ(
      arguments_after_hiding({"mailboat", "--postgres", "postgresql://app@h/db", "--topic", "a:/b:c@d"}),
      innocent);
  EXPECT_EQ(arguments_after_hiding({"mailboat"}), "mailboat\n");
}

}  // namespace
}  // namespace mailboat::postgres
