#include "producer/window_slices.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace mailboat::producer {
namespace {

TEST(WindowSlices, AUsualWindowIsOneSlice) {
  EXPECT_TRUE(slice_bounds(1'000'000, 1'000'000).empty());
  EXPECT_TRUE(slice_bounds(1'000'000, 1'100'000).empty());
  EXPECT_TRUE(slice_bounds(1'000'000, 5).empty()) << "ids of another history";
}

TEST(WindowSlices, ALargeOneIsCutInSlicesOfTheSameSize) {
  const auto bounds = slice_bounds(1'000'000, 2'000'000);
  ASSERT_GT(bounds.size(), 3U);
  EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end()));
  for (std::size_t i = 1; i < bounds.size(); ++i) {
    EXPECT_EQ(bounds[i] - bounds[i - 1], bounds[0] - 1'000'000);
  }
  EXPECT_LT(bounds.back(), 2'000'000U);
}

TEST(WindowSlices, TheHugestHasFew) { EXPECT_LE(slice_bounds(0, EventId{1} << 62).size(), 32U); }

}  // namespace
}  // namespace mailboat::producer
