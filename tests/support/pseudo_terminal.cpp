#include "tests/support/pseudo_terminal.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <system_error>

#include "tests/support/eventually.hpp"
#include "tests/support/spawn.hpp"

namespace mailboat::test {
namespace {

FileDescriptor checked(int descriptor) {
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "no pseudo-terminal");
  return FileDescriptor(descriptor);
}

void set_size(int terminal, const PseudoTerminal::Size& size) {
  const winsize window{static_cast<unsigned short>(size.rows), static_cast<unsigned short>(size.columns), 0,
                       0};
  ::ioctl(terminal, TIOCSWINSZ, &window);
}

std::size_t length_of_character(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte >= 0xF0) return 4;
  if (byte >= 0xE0) return 3;
  return byte >= 0xC0 ? 2 : 1;
}

}  // namespace

PseudoTerminal::PseudoTerminal(std::vector<std::string> argv, std::vector<std::string> environment, Size size)
    : ours_(checked(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC))), size_(size) {
  char name[64];
  if (::grantpt(ours_.get()) != 0 || ::unlockpt(ours_.get()) != 0 ||
      ::ptsname_r(ours_.get(), name, sizeof name) != 0)
    throw std::system_error(errno, std::generic_category(), "no pseudo-terminal");
  const auto theirs = checked(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
  set_size(ours_.get(), size);
  lines_.resize(size.rows);
  SpawnRequest request;
  request.argv = std::move(argv);
  request.environment = std::move(environment);
  request.stdin_fd = request.stdout_fd = request.stderr_fd = theirs.get();
  program_ = spawn(request);
  reader_ = std::thread([this] { read_on(); });
}

PseudoTerminal::~PseudoTerminal() {
  kill(SIGKILL);
  wait(std::chrono::seconds(30));
  reader_.join();
}

// Ends when the program has closed its end.
void PseudoTerminal::read_on() {
  std::array<char, 4096> chunk{};
  ssize_t count = 0;
  while ((count = ::read(ours_.get(), chunk.data(), chunk.size())) > 0) {
    const std::lock_guard lock(mutex_);
    written_.append(chunk.data(), static_cast<std::size_t>(count));
    rest_.append(chunk.data(), static_cast<std::size_t>(count));
    take(std::exchange(rest_, {}));
  }
}

void PseudoTerminal::take(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t length = 1;
    if (bytes.front() == '\x1b') {
      length = obey(bytes);
    } else if (bytes.front() == '\r') {
      column_ = 0;
    } else if (bytes.front() == '\n') {
      row_ = std::min(row_ + 1, size_.rows - 1);
    } else {
      length = length_of_character(bytes.front());
      if (length <= bytes.size()) put(bytes.substr(0, length));
    }
    if (length == 0 || length > bytes.size()) break;
    bytes.remove_prefix(length);
  }
  rest_ = bytes;
}

// Returns the code's length, or 0 when its end has not come yet.
std::size_t PseudoTerminal::obey(std::string_view code) {
  const auto end = code.find_first_of("ABCDEFGHJKSTfhlmnrsu", 2);
  if (end == std::string_view::npos) return 0;
  const auto words = code.substr(2, end - 1);
  const bool on = words.back() == 'h';
  if (words.starts_with("?1049")) {
    alternate_ = on;
    lines_.assign(size_.rows, {});
  } else if (words.starts_with("?25")) {
    cursor_ = on;
  } else if (words.starts_with("?7")) {
    wraps_ = on;
  } else if (words == "H") {
    row_ = column_ = 0;
  } else if (words == "K") {
    erase_line_from(column_);
  } else if (words == "J") {
    erase_line_from(column_);
    for (auto row = row_ + 1; row < lines_.size(); ++row) lines_[row].clear();
  }
  return end + 1;
}

void PseudoTerminal::put(std::string_view character) {
  if (column_ >= size_.columns && wraps_) {
    column_ = 0;
    row_ = std::min(row_ + 1, size_.rows - 1);
  }
  column_ = std::min(column_, size_.columns - 1);
  auto& line = lines_.at(row_);
  if (line.size() <= column_) line.resize(column_ + 1, " ");
  line[column_++] = character;
}

void PseudoTerminal::erase_line_from(std::size_t column) {
  auto& line = lines_.at(row_);
  line.resize(std::min({line.size(), column, size_.columns - 1}));  // behind the last column there is none
}

std::string PseudoTerminal::screen() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& line : lines_) {
    for (const auto& character : line) text += character;
    text += '\n';
  }
  text.erase(text.find_last_not_of('\n') + 1);
  return text;
}

bool PseudoTerminal::shows(std::string_view text, std::chrono::milliseconds timeout) const {
  return eventually([&] { return screen().find(text) != std::string::npos; }, timeout);
}

std::string PseudoTerminal::written() const {
  const std::lock_guard lock(mutex_);
  return written_;
}

bool PseudoTerminal::is_as_before() const {
  const std::lock_guard lock(mutex_);
  return !alternate_ && cursor_ && wraps_;
}

void PseudoTerminal::resize(Size size) {
  {
    const std::lock_guard lock(mutex_);
    size_ = size;
    lines_.assign(size.rows, {});
    row_ = column_ = 0;
  }
  set_size(ours_.get(), size);
  kill(SIGWINCH);  // the kernel sends it to those whose controlling terminal this is: nobody's here
}

void PseudoTerminal::kill(int signal) const {
  if (!exit_code_) ::kill(program_, signal);  // not reaped yet, so the id is still this program's
}

std::optional<int> PseudoTerminal::wait(std::chrono::milliseconds timeout) {
  constexpr int signalled = 128;
  eventually(
      [this] {
        int status = 0;
        if (!exit_code_ && ::waitpid(program_, &status, WNOHANG) == program_)
          exit_code_ = WIFSIGNALED(status) ? signalled + WTERMSIG(status) : WEXITSTATUS(status);
        return exit_code_.has_value();
      },
      timeout);
  return exit_code_;
}

}  // namespace mailboat::test
