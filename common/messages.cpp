#include "common/messages.hpp"

#include <algorithm>

namespace mailboat {

namespace {

std::uint32_t cost_of(std::size_t bytes, std::uint32_t all) {
  constexpr std::size_t unit = 1 << 20;
  return static_cast<std::uint32_t>(std::min<std::size_t>(bytes / unit + 1, std::max<std::uint32_t>(all, 1)));
}

}  // namespace

std::uint32_t credit_cost(const Frame& frame, std::uint32_t all) {
  return cost_of(frame.events.payloads().bytes() + (frame.chunk ? frame.chunk->rows.bytes() : 0), all);
}

std::uint32_t credit_cost(const Retry& retry, std::uint32_t all) {
  return cost_of(retry.events.payloads().bytes(), all);
}

}  // namespace mailboat
