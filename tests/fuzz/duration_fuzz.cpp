#include <cstdlib>

#include "common/duration.hpp"
#include "common/error.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace mailboat;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto duration = parse_duration({reinterpret_cast<const char*>(data), size});
    if (duration.count() < 0 || parse_duration(format_duration(duration)) != duration) std::abort();
  } catch (const InvalidInput&) {
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {"50ms", "30s", "5min", "24h", "1d", "0s", "4294967295ms", "100000d"};
}
