#include "common/mistakes.hpp"

#include <gtest/gtest.h>

namespace mailboat {
namespace {

using Sentences = std::vector<std::string>;

TEST(Mistakes, AreCollectedOneByOneAndInHeaps) {
  Mistakes mistakes;
  EXPECT_TRUE(mistakes.attempt([] {}));
  EXPECT_FALSE(mistakes.attempt([] { throw ConfigurationError("one"); }));
  EXPECT_FALSE(mistakes.attempt([] { throw InvalidInput("two"); }));
  EXPECT_FALSE(mistakes.attempt([] { throw ConfigurationErrors({"three", "four"}); }));
  EXPECT_EQ(mistakes.sentences(), (Sentences{"one", "two", "three", "four"}));
}

TEST(Mistakes, AreNoPlaceForOtherErrors) {
  Mistakes mistakes;
  EXPECT_THROW(mistakes.attempt([] { throw Fatal("out of order"); }), Fatal);
}

TEST(Mistakes, AreRaisedTogether) {
  Mistakes mistakes;
  EXPECT_NO_THROW(mistakes.raise());
  mistakes.add("one");
  mistakes.add("two");
  try {
    mistakes.raise();
    FAIL();
  } catch (const ConfigurationErrors& errors) {
    EXPECT_EQ(errors.sentences(), (Sentences{"one", "two"}));
    EXPECT_STREQ(errors.what(), "one\ntwo");
  }
}

}  // namespace
}  // namespace mailboat
