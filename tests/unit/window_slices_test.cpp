#include "producer/window_slices.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace mailboat::producer {
namespace {

TEST(WindowSlices, AUsualWindowIsOneSlice) {
  EXPECT_TRUE(slice_bounds(1'000'000, 1'000'000).empty());
  EXPECT_TRUE(slice_bounds(1'000'000, 1'030'000).empty());
  EXPECT_TRUE(slice_bounds(1'000'000, 5).empty()) << "ids of another history";
}

TEST(WindowSlices, ALargeOneIsCutInSlicesOfTheSameSizeAfterAShortOne) {
  const auto bounds = slice_bounds(1'000'000, 2'000'000);
  ASSERT_GT(bounds.size(), 3U);
  EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end()));
  const auto size = bounds[1] - bounds[0];
  EXPECT_LT(bounds[0] - 1'000'000, size / 2);
  for (std::size_t i = 1; i < bounds.size(); ++i) EXPECT_EQ(bounds[i] - bounds[i - 1], size);
  EXPECT_LT(bounds.back(), 2'000'000U);
  EXPECT_GE(bounds.back() + size, 2'000'000U);
}

TEST(WindowSlices, TheHugestHasFew) { EXPECT_LT(slice_bounds(0, EventId{1} << 62).size(), 128U); }

TEST(WindowSlices, IdsThatHaveJustLeftATailGoOnBehindIt) {
  constexpr EventId width = 1'000'000'000'000;
  EXPECT_EQ(era_after(1'000'000), 0U);
  EXPECT_EQ(era_after(width - 1), width);
  EXPECT_EQ(era_after(width + 5), width);
}

}  // namespace
}  // namespace mailboat::producer
