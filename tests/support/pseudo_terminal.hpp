#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <system_error>
#include <thread>
#include <vector>

#include "common/file_descriptor.hpp"

namespace mailboat::test {

/// A program at a terminal, as somebody sits before it: knows the few escape codes that ours writes. Killed
/// by the destructor. One thread at a time.
class PseudoTerminal {
 public:
  struct Size {
    std::size_t columns = 80;
    std::size_t rows = 24;
  };

  /// `environment`: NAME=value, on top of ours. Throws std::system_error.
  PseudoTerminal(std::vector<std::string> argv, std::vector<std::string> environment, Size size);
  PseudoTerminal(std::vector<std::string> argv, std::vector<std::string> environment)
      : PseudoTerminal(std::move(argv), std::move(environment), Size{}) {}
  ~PseudoTerminal();
  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;

  /// What stands on the screen, line by line, as far as there is anything.
  [[nodiscard]] std::string screen() const;
  /// Waits until it does.
  [[nodiscard]] bool shows(std::string_view text,
                           std::chrono::milliseconds timeout = std::chrono::seconds(30)) const;
  /// All bytes so far.
  [[nodiscard]] std::string written() const;
  /// Whether the terminal is as a shell expects it: the usual screen, with a cursor, and lines that go on in
  /// the next one.
  [[nodiscard]] bool is_as_before() const;

  /// As somebody pulls at the window's corner.
  void resize(Size size);
  void kill(int signal) const;
  /// The exit code, or 128 + signal number; nullopt when it still runs after `timeout`.
  std::optional<int> wait(std::chrono::milliseconds timeout);

 private:
  void read_on();
  void take(std::string_view bytes);
  std::size_t obey(std::string_view code);
  void put(std::string_view character);
  void erase_line_from(std::size_t column);

  FileDescriptor ours_;
  pid_t program_ = -1;
  std::optional<int> exit_code_;

  mutable std::mutex mutex_;
  Size size_;                                    // guarded by mutex_, like all that follows
  std::string written_;                          //
  std::string rest_;                             // the beginning of a code or a character
  std::vector<std::vector<std::string>> lines_;  // of characters
  std::size_t row_ = 0;
  std::size_t column_ = 0;
  bool alternate_ = false;
  bool cursor_ = true;
  bool wraps_ = true;
  std::thread reader_;
};

}  // namespace mailboat::test
