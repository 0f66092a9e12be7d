#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// What a fuzz target defines. libFuzzer (clang -fsanitize=fuzzer) calls the first; our own driver, which
/// runs in the test suite with any compiler, calls it with mutations of the seeds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
std::vector<std::string> fuzz_seeds();
