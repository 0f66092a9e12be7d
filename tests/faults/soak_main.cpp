// `./dev soak`: a random workload under random faults, and the verdict.
#include <iostream>

#include "common/command_line.hpp"
#include "common/error.hpp"
#include "tests/faults/soak.hpp"

using namespace mailboat;

namespace {

struct Options {
  std::uint32_t minutes = 10;
  std::optional<std::uint32_t> seed;
};

std::optional<ExitCode> parse(int argc, char** argv, Options& options) {
  CommandLine line("mailboat-soak",
                   "Breaks everything at random for a while, and looks whether anything was lost.",
                   "./dev soak --minutes 30 --seed 4711");
  line.argument({.name = "minutes", .value = "N", .help = "How long to go on"}, options.minutes);
  line.argument({.name = "seed", .value = "S", .help = "Make the choices of an earlier run"}, options.seed);
  return line.parse(argc, argv, {std::cout, std::cerr});
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (const auto code = parse(argc, argv, options)) return static_cast<int>(*code);
  try {
    test::Soak soak(options.seed.value_or(std::random_device{}()), std::cout);
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(options.minutes);
    soak.run([end](int) { return std::chrono::steady_clock::now() >= end; });
    return soak.verdict().empty() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "mailboat-soak: " << error.what() << '\n';
    return 1;
  }
}
