#include "common/nearest_name.hpp"

#include <gtest/gtest.h>

namespace mailboat {
namespace {

const std::vector<std::string> known{"listen", "insecure", "poll_interval_max", "heartbeat", "log_level"};

TEST(NearestName, FindsWhatASlipOfTheFingerWasMeantToBe) {
  EXPECT_EQ(nearest_name("listten", known), "listen") << "one too many";
  EXPECT_EQ(nearest_name("lisen", known), "listen") << "one missing";
  EXPECT_EQ(nearest_name("lusten", known), "listen") << "one wrong";
  EXPECT_EQ(nearest_name("litsen", known), "listen") << "two swapped";
  EXPECT_EQ(nearest_name("poll-interval-max", known), "poll_interval_max");
  EXPECT_EQ(nearest_name("loglevel", known), "log_level");
  EXPECT_EQ(nearest_name("heartbeats", known), "heartbeat");
}

TEST(NearestName, FindsNothingThatDoesNotResembleIt) {
  EXPECT_EQ(nearest_name("database", known), std::nullopt);
  EXPECT_EQ(nearest_name("", known), std::nullopt);
  EXPECT_EQ(nearest_name("listen", {}), std::nullopt);
  EXPECT_EQ(nearest_name(std::string(1 << 20, 'x'), known), std::nullopt);
}

TEST(NearestName, TellsWhatThereIsWhenItDoesNotKnowBetter) {
  EXPECT_EQ(hint_for("lisen", known), " (did you mean listen?)");
  EXPECT_EQ(hint_for("colour", {"name", "prefix"}), " (known: name, prefix)");
}

}  // namespace
}  // namespace mailboat
