#include "cli/confirm.hpp"

#include "cli/characters.hpp"
#include "common/error.hpp"

namespace mailboat::cli {

void confirm_count(const Terminal& terminal, std::int64_t count, const std::string& what) {
  const auto number = std::to_string(count);
  if (terminal.in == nullptr) {
    throw Error("not going to " + what +
                " unasked, and there is no terminal to ask at. Say --yes, or narrow it down; " +
                "nothing has been changed");
  }
  terminal.err << "About to " << what << ". Type " << number << " to go on: " << std::flush;
  std::string answer;
  std::getline(*terminal.in, answer);
  if (answer == number) return;
  throw Error("expected " + number + ", got '" + printable(answer) + "': nothing has been changed");
}

}  // namespace mailboat::cli
