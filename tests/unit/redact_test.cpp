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

TEST(Redact, LeavesTheRestReadable) {
  const std::string failed = R"(connection to server at "10.0.0.1", port 5432 failed: no user "app")";
  EXPECT_EQ(redact(failed, "postgresql://app:hunter2@10.0.0.1/shop"), failed);
  EXPECT_EQ(redact(failed, "postgresql://app@10.0.0.1/shop"), failed);
  EXPECT_EQ(redact(failed, "host=10.0.0.1 user=app"), failed);
  EXPECT_EQ(redact("an unbalanced \" quote", "host=h password=x"), "an unbalanced \" quote");
}

}  // namespace
}  // namespace mailboat::postgres
