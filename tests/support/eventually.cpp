#include "tests/support/eventually.hpp"

#include <thread>

namespace mailboat::test {

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds timeout) {
  constexpr auto pause = std::chrono::milliseconds(5);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

}  // namespace mailboat::test
