#include "tests/support/seed.hpp"

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace mailboat::test {
namespace {

std::uint64_t choose() {
  const char* given = std::getenv("MAILBOAT_TEST_SEED");
  const std::uint64_t value = given != nullptr ? std::stoull(given) : std::random_device{}();
  std::printf("seed %s; repeat with MAILBOAT_TEST_SEED=%s\n", std::to_string(value).c_str(),
              std::to_string(value).c_str());
  std::fflush(stdout);
  return value;
}

}  // namespace

std::uint64_t seed() {
  static const std::uint64_t value = choose();
  return value;
}

}  // namespace mailboat::test
