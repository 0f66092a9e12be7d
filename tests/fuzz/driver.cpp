// Feeds a fuzz target mutated seeds: a fixed number in the suite, or as many as the one argument says.
// Finding nothing means only that the target has neither crashed nor thrown what it must not; run it under
// the asan preset to see more, or with libFuzzer for hours.
#include <cstdlib>
#include <iostream>
#include <random>

#include "tests/fuzz/fuzz.hpp"
#include "tests/support/seed.hpp"

namespace {

using Texts = std::vector<std::string>;

const std::string& one_of(const Texts& texts, std::mt19937_64& random) {
  return texts[random() % texts.size()];
}

std::string piece_of(const std::string& text, std::mt19937_64& random) {
  return text.substr(random() % (text.size() + 1), random() % 24);
}

std::string mutated(std::string text, const Texts& seeds, std::mt19937_64& random) {
  const auto changes = 1 + random() % 6;
  for (unsigned i = 0; i < changes; ++i) {
    const auto at = text.empty() ? 0 : random() % text.size();
    switch (random() % 6) {
      case 0:
        text.insert(at, 1, static_cast<char>(random()));
        break;
      case 1:
        text.erase(at, 1 + random() % 8);
        break;
      case 2:
        text.insert(at, piece_of(text, random));
        break;
      case 3:
        text.insert(at, piece_of(one_of(seeds, random), random));
        break;
      case 4:
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

int main(int argc, char** argv) {
  const auto inputs = argc > 1 ? std::stoull(argv[1]) : INPUTS_IN_THE_SUITE;
  const auto seeds = fuzz_seeds();
  std::mt19937_64 random(mailboat::test::seed());
  for (const auto& seed : seeds) run(seed);
  for (std::uint64_t i = 0; i < inputs; ++i) run(mutated(one_of(seeds, random), seeds, random));
  std::cout << inputs << " inputs, none did harm\n";
  return EXIT_SUCCESS;
}
