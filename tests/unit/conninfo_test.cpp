#include "postgres/conninfo.hpp"

#include <gtest/gtest.h>

#include "common/error.hpp"

namespace mailboat::postgres {
namespace {

TEST(MaskedConninfo, HidesPasswordsInUris) {
  EXPECT_EQ(masked_conninfo("postgresql://app:hunter2@db:5432/shop?sslmode=require"),
            "postgresql://app:***@db:5432/shop?sslmode=require");
  EXPECT_EQ(masked_conninfo("postgres://app:hu%40nter2@a:1,b:2/shop"), "postgres://app:***@a:1,b:2/shop");
  EXPECT_EQ(masked_conninfo("postgresql://db/shop?password=hunter2&sslmode=require"),
            "postgresql://db/shop?password=***&sslmode=require");
  EXPECT_EQ(masked_conninfo("postgresql://app:x@db/?sslpassword=hunter2"),
            "postgresql://app:***@db/?sslpassword=***");
}

TEST(MaskedConninfo, HidesPasswordsInPairs) {
  EXPECT_EQ(masked_conninfo("host=db password=hunter2 dbname=shop"), "password=*** dbname=shop host=db")
      << "in libpq's order";
  EXPECT_EQ(masked_conninfo("password = 'hun ter\\'2' user='a b'"), "user='a b' password=***");
  EXPECT_EQ(masked_conninfo("sslpassword=hunter2"), "sslpassword=***");
}

TEST(MaskedConninfo, LeavesTheRestAsItIs) {
  for (const std::string plain : {"", "host=/run/postgresql dbname=shop", "dbname = shop", "service=shop",
                                  "postgresql://", "postgresql://app@db:5432/shop?application_name=x"}) {
    EXPECT_EQ(masked_conninfo(plain), plain);
  }
}

TEST(MaskedConninfo, ShowsNothingOfAPasswordThatWasNotEscaped) {
  for (const std::string wrong :
       {"postgresql://app:hun/ter2@db/shop", "postgresql://app:hun@ter2@db/shop", "postgres:/app:hunter2@db",
        "host=db password=hun ter2", "postgresql://db/shop?pass%77ord=hunter2",
        "postgresql://app:hun?ter2@db/shop", "password='hunter2", "postgresql://db/?password=hun&ter2"}) {
    const auto shown = masked_conninfo(wrong);
    EXPECT_EQ(shown.find("hun"), std::string::npos) << shown;
    EXPECT_EQ(shown.find("ter2"), std::string::npos) << shown;
  }
}

TEST(Conninfo, IsRefusedWhenLibpqCannotReadItWithoutItsPassword) {
  EXPECT_NO_THROW(require_conninfo(""));
  EXPECT_NO_THROW(require_conninfo("host=db password=x"));
  EXPECT_NO_THROW(require_conninfo("postgresql://app:x@db/shop"));
  try {
    require_conninfo("host=db password=hun ter2");
    FAIL();
  } catch (const InvalidInput& error) {
    const std::string sentence = error.what();
    EXPECT_TRUE(sentence.starts_with("not a connection string: missing \"=\"")) << sentence;
    EXPECT_EQ(sentence.find("ter2"), std::string::npos) << sentence;
  }
  EXPECT_THROW(require_conninfo("hosst=db"), InvalidInput);
}

}  // namespace
}  // namespace mailboat::postgres
