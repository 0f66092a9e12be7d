#include "cli/confirm.hpp"

#include "common/characters.hpp"
#include "common/error.hpp"

namespace mailboat::cli {

void confirm(const Terminal& terminal, const std::string& answer, const std::string& what,
             const std::string& instead) {
  if (terminal.in == nullptr) {
    throw Error("not going to " + what + " unasked, and there is no terminal to ask at. " + instead +
                "; nothing has been changed");
  }
  terminal.err << "About to " << what << ". Type " << answer << " to go on: " << std::flush;
  std::string typed;
  std::getline(*terminal.in, typed);
  if (typed == answer) return;
  throw Error("expected " + answer + ", got '" + printable(typed) + "': nothing has been changed");
}

void confirm_count(const Terminal& terminal, std::int64_t count, const std::string& what) {
  confirm(terminal, std::to_string(count), what, "Say --yes, or narrow it down");
}

}  // namespace mailboat::cli
