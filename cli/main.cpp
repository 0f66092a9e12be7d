#include <iostream>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/run.hpp"
#include "postgres/redact.hpp"

namespace {

std::size_t screen_columns() {
  winsize size{};
  constexpr std::size_t usual = 80;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : usual;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace mailboat;
  const Terminal terminal{std::cout,
                          std::cerr,
                          isatty(STDIN_FILENO) == 1 ? &std::cin : nullptr,
                          isatty(STDERR_FILENO) == 1,
                          isatty(STDOUT_FILENO) == 1,
                          screen_columns()};
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  postgres::hide_passwords(argc, argv);
  return static_cast<int>(cli::run(arguments, terminal, process_environment()));
}
