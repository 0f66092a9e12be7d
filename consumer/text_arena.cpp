#include "consumer/text_arena.hpp"

#include <algorithm>

namespace mailboat::consumer {
namespace {

constexpr std::size_t block_bytes = std::size_t{32} << 10;

}  // namespace

char* TextArena::allocate(std::size_t size) {
  while (block_ < blocks_.size() && blocks_[block_].size - used_ < size) {
    ++block_;
    used_ = 0;
  }
  if (block_ == blocks_.size()) {
    const auto bytes = std::max(block_bytes, size);
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(bytes), bytes});
  }
  auto* const room = blocks_[block_].bytes.get() + used_;
  used_ += size;
  return room;
}

std::string_view TextArena::keep(std::string_view text) {
  auto* const room = allocate(text.size());
  std::copy(text.begin(), text.end(), room);
  return {room, text.size()};
}

void TextArena::clear() {
  std::erase_if(blocks_, [](const Block& block) { return block.size > block_bytes; });
  block_ = used_ = 0;
}

}  // namespace mailboat::consumer
