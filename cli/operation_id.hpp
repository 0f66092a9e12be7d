#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/command_line.hpp"

namespace mailboat::cli {

/// The position ID of a command about one operation.
class OperationId {
 public:
  void declare(CommandLine& line, bool required);
  /// Once the command line is parsed; nullopt when it was not given.
  [[nodiscard]] std::optional<std::int64_t> value() const { return value_; }

 private:
  std::string text_;
  std::optional<std::int64_t> value_;
};

}  // namespace mailboat::cli
