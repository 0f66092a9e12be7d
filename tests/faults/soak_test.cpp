#include "tests/faults/soak.hpp"

#include <gtest/gtest.h>
#include <sstream>

#include "tests/support/seed.hpp"

namespace mailboat::test {
namespace {

constexpr int faults = 25;

TEST(Soak, OfSomeRandomFaultsLosesAndRepeatsNothing) {
  std::ostringstream said;
  Soak soak(seed(), said);
  soak.run([](int count) { return count >= faults; });
  EXPECT_TRUE(soak.verdict().empty()) << said.str();
}

}  // namespace
}  // namespace mailboat::test
