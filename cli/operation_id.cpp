#include "cli/operation_id.hpp"

#include "cli/parse_id.hpp"

namespace mailboat::cli {

void OperationId::declare(CommandLine& line, bool required) {
  line.position(
      {.name = "ID",
       .value = "",
       .help = required ? "The operation, as shown by mailboat status"
                        : "Wait for the end of this one, and show its outcome; without: the last ones",
       .required = required},
      text_);
  line.check([this] {
    if (!text_.empty()) value_ = parse_id(text_, "the number of an operation");
  });
}

}  // namespace mailboat::cli
