#include <iostream>

#include "cli/run.hpp"

int main(int argc, char** argv) {
  using namespace mailboat;
  return static_cast<int>(cli::run({argv + 1, argv + argc}, {std::cout, std::cerr}, process_environment()));
}
