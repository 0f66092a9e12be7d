#include "common/snapshot.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

#include "common/error.hpp"
#include "tests/support/seed.hpp"

namespace mailboat {
namespace {

TEST(Snapshot, PrintsWhatItParsed) {
  for (const auto* text :
       {"1:1:", "852:857:853,855", "10:20:10,19", "18446744073709551614:18446744073709551615:"}) {
    EXPECT_EQ(Snapshot::parse(text).to_string(), text);
  }
}

TEST(Snapshot, CoversWhatWasCompletedBeforeIt) {
  const auto snapshot = Snapshot::parse("852:857:853,855");
  EXPECT_TRUE(snapshot.covers(3));
  EXPECT_TRUE(snapshot.covers(851));
  EXPECT_TRUE(snapshot.covers(852));
  EXPECT_FALSE(snapshot.covers(853));
  EXPECT_TRUE(snapshot.covers(854));
  EXPECT_FALSE(snapshot.covers(855));
  EXPECT_TRUE(snapshot.covers(856));
  EXPECT_FALSE(snapshot.covers(857));
  EXPECT_FALSE(snapshot.covers(9999));
}

TEST(Snapshot, DefaultCoversNothing) {
  EXPECT_EQ(Snapshot(), Snapshot::parse("1:1:"));
  EXPECT_FALSE(Snapshot().covers(1));
}

class NotASnapshot : public testing::TestWithParam<const char*> {};

TEST_P(NotASnapshot, IsRefusedWithItsText) {
  try {
    Snapshot::parse(GetParam());
    FAIL() << "accepted";
  } catch (const InvalidSnapshot& error) {
    EXPECT_NE(std::string(error.what()).find(GetParam()), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Snapshot, NotASnapshot,
                         testing::Values("", "1", "1:", "1:2", ":2:", "a:2:", "1:b:", "1:2:c",
                                         "1 :2:", "-1:2:", "1:2:1,", "1:9:,3", "1:9:3,,4", "1:9:3;4",
                                         "1:9:3 ", "0:5:", "5:4:", "5:9:4", "5:9:9", "5:9:7,6", "5:9:6,6",
                                         "1:18446744073709551616:", "1:2:3:"));

/// What the manual says, without any cleverness.
bool covers_by_definition(const Snapshot& snapshot, TransactionId transaction) {
  const auto running = snapshot.in_progress();
  return transaction < snapshot.xmin() ||
         (transaction < snapshot.xmax() &&
          std::find(running.begin(), running.end(), transaction) == running.end());
}

Snapshot random_snapshot(std::mt19937_64& random) {
  const auto xmin = random() % 50 + 1;
  const auto xmax = xmin + random() % 50;
  std::vector<TransactionId> in_progress;
  for (auto transaction = xmin; transaction < xmax; ++transaction) {
    if (random() % 3 == 0) in_progress.push_back(transaction);
  }
  return {xmin, xmax, in_progress};
}

TEST(Snapshot, AgreesWithTheDefinitionOnRandomSnapshots) {
  std::mt19937_64 random(test::seed());
  for (int i = 0; i < 1000; ++i) {
    const auto snapshot = random_snapshot(random);
    EXPECT_EQ(Snapshot::parse(snapshot.to_string()), snapshot);
    for (TransactionId transaction = 1; transaction < 110; ++transaction) {
      ASSERT_EQ(snapshot.covers(transaction), covers_by_definition(snapshot, transaction))
          << snapshot.to_string() << " and " << transaction;
    }
  }
}

TEST(Snapshot, TheCommonPartOfTwoCoversWhatBothDo) {
  std::mt19937_64 random(test::seed());
  for (int i = 0; i < 1000; ++i) {
    const auto a = random_snapshot(random);
    const auto b = random_snapshot(random);
    const auto both = common_part(a, b);
    for (TransactionId transaction = 1; transaction < 110; ++transaction) {
      ASSERT_EQ(both.covers(transaction), a.covers(transaction) && b.covers(transaction))
          << a.to_string() << " and " << b.to_string() << " and " << transaction;
    }
  }
}

}  // namespace
}  // namespace mailboat
