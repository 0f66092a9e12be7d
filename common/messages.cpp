#include "common/messages.hpp"

#include <algorithm>

namespace mailboat {

std::uint32_t credit_cost(const Frame& frame, std::uint32_t all) {
  constexpr std::size_t unit = 1 << 20;
  const auto bytes = frame.events.payloads().bytes() + (frame.chunk ? frame.chunk->rows.bytes() : 0);
  const auto cost = std::min<std::size_t>(bytes / unit + 1, std::max<std::uint32_t>(all, 1));
  return static_cast<std::uint32_t>(cost);
}

}  // namespace mailboat
