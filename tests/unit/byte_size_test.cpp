#include "common/byte_size.hpp"

#include <gtest/gtest.h>

#include "common/error.hpp"

namespace mailboat {
namespace {

TEST(ByteSize, ReadsEveryUnit) {
  EXPECT_EQ(parse_byte_size("0B").bytes, 0U);
  EXPECT_EQ(parse_byte_size("100B").bytes, 100U);
  EXPECT_EQ(parse_byte_size("64KiB").bytes, 65'536U);
  EXPECT_EQ(parse_byte_size("5MiB").bytes, 5'242'880U);
  EXPECT_EQ(parse_byte_size("100GiB").bytes, 107'374'182'400U);
  EXPECT_EQ(parse_byte_size("2TiB").bytes, 2'199'023'255'552U);
  EXPECT_EQ(parse_byte_size("none").bytes, ByteSize::unlimited);
}

TEST(ByteSize, RefusesWhatIsNotOneAndShowsIt) {
  for (const auto* text : {"", "5", "GiB", "5 GiB", "-5GiB", "1.5GiB", "5GB", "5gib", "5GiB ", "None",
                           "99999999999B", "4294967295TiB"}) {
    try {
      parse_byte_size(text);
      ADD_FAILURE() << "accepted '" << text << "'";
    } catch (const InvalidInput& error) {
      EXPECT_NE(std::string(error.what()).find("'" + std::string(text) + "'"), std::string::npos)
          << error.what();
    }
  }
}

TEST(ByteSize, PrintsTheLargestUnitThatFitsAndReadsItBack) {
  EXPECT_EQ(format_byte_size({0}), "0B");
  EXPECT_EQ(format_byte_size({1024}), "1KiB");
  EXPECT_EQ(format_byte_size({1025}), "1025B");
  EXPECT_EQ(format_byte_size({ByteSize::unlimited}), "none");
  for (const auto* text : {"7B", "1023KiB", "100GiB", "2TiB", "none"}) {
    EXPECT_EQ(format_byte_size(parse_byte_size(text)), text);
  }
}

}  // namespace
}  // namespace mailboat
