// Feeds a fuzz target a fixed number of mutated seeds. Finding nothing means only that the target has neither
// crashed nor thrown what it must not; run it under the asan preset to see more, or with libFuzzer for hours.
#include <cstdlib>
#include <iostream>
#include <random>

#include "tests/fuzz/fuzz.hpp"
#include "tests/support/seed.hpp"

namespace {

constexpr int inputs = 50'000;

std::string mutated(std::string text, std::mt19937_64& random) {
  const auto changes = 1 + random() % 6;
  for (unsigned i = 0; i < changes; ++i) {
    const auto at = text.empty() ? 0 : random() % text.size();
    switch (random() % 5) {
      case 0:
        text.insert(at, 1, static_cast<char>(random()));
        break;
      case 1:
        text.erase(at, 1 + random() % 8);
        break;
      case 2:
        text.insert(at, text.substr(random() % (text.size() + 1), random() % 16));
        break;
      case 3:
        text.resize(at);
        break;
      default:
        if (!text.empty()) text[at] = static_cast<char>(random());
    }
  }
  return text;
}

void run(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

}  // namespace

int main() {
  const auto seeds = fuzz_seeds();
  std::mt19937_64 random(mailboat::test::seed());
  for (const auto& seed : seeds) run(seed);
  for (int i = 0; i < inputs; ++i) run(mutated(seeds[random() % seeds.size()], random));
  std::cout << inputs << " inputs, none did harm\n";
  return EXIT_SUCCESS;
}
