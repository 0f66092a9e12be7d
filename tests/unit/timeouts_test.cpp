#include "postgres/timeouts.hpp"

#include <gtest/gtest.h>

#include "tests/unit/parsing.hpp"

namespace mailboat::postgres {
namespace {

using test::environment_of;

constexpr auto keepalives =
    "keepalives_idle=5 keepalives_interval=2 keepalives_count=3 tcp_user_timeout=10000 ";
constexpr auto parameters =
    "keepalives_idle=5&keepalives_interval=2&keepalives_count=3&tcp_user_timeout=10000&connect_timeout=10";

std::string with(const std::string& conninfo) { return with_timeouts(conninfo, environment_of({})); }

// libpq takes the last of two settings of one name.
TEST(Timeouts, StandBeforeWhatIsGivenSoThatThatWins) {
  EXPECT_EQ(with("host=h tcp_user_timeout=1"),
            std::string(keepalives) + "connect_timeout=10 host=h tcp_user_timeout=1");
  EXPECT_EQ(with(""), std::string(keepalives) + "connect_timeout=10 ");
  EXPECT_EQ(with("postgresql://u@h,i/db?connect_timeout=1&a=b"),
            "postgresql://u@h,i/db?" + std::string(parameters) + "&connect_timeout=1&a=b");
}

TEST(Timeouts, BecomeTheParametersOfAUriThatHasNone) {
  EXPECT_EQ(with("postgres://h/db"), "postgres://h/db?" + std::string(parameters));
  EXPECT_EQ(with("postgresql://"), "postgresql://?" + std::string(parameters));
  EXPECT_EQ(with("postgresql://h?"), "postgresql://h?" + std::string(parameters));
}

TEST(Timeouts, TakeNoPasswordForParameters) {
  EXPECT_EQ(with("postgresql://u:p?w@h/db"), "postgresql://u:p?w@h/db?" + std::string(parameters));
  EXPECT_EQ(with("postgresql://u:p?w@h/db?a=b@c"),
            "postgresql://u:p?w@h/db?" + std::string(parameters) + "&a=b@c");
  EXPECT_EQ(with("postgresql:///db?host=/a@b"), "postgresql:///db?" + std::string(parameters) + "&host=/a@b");
}

TEST(Timeouts, LeaveTheOneOfTheEnvironmentAlone) {
  EXPECT_EQ(with_timeouts("host=h", environment_of({{"PGCONNECT_TIMEOUT", "3"}})),
            std::string(keepalives) + "host=h");
}

}  // namespace
}  // namespace mailboat::postgres
