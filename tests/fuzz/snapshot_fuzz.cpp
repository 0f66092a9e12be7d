#include <cstdlib>

#include "common/error.hpp"
#include "common/snapshot.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace mailboat;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto snapshot = Snapshot::parse({reinterpret_cast<const char*>(data), size});
    if (Snapshot::parse(snapshot.to_string()) != snapshot) std::abort();
  } catch (const InvalidSnapshot&) {
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {"1:1:", "852:857:853,855", "10:18446744073709551615:11,12,13", "5:5:"};
}
