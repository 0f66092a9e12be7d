#include <iostream>
#include <unistd.h>

#include "cli/run.hpp"

int main(int argc, char** argv) {
  using namespace mailboat;
  const Terminal terminal{std::cout, std::cerr, isatty(STDIN_FILENO) == 1 ? &std::cin : nullptr,
                          isatty(STDERR_FILENO) == 1};
  return static_cast<int>(cli::run({argv + 1, argv + argc}, terminal, process_environment()));
}
