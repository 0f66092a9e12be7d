#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace mailboat::consumer {

/// Keeps texts where they do not move, until clear() or the end. One thread at a time.
class TextArena {
 public:
  /// Room for `size` characters.
  char* allocate(std::size_t size);
  std::string_view keep(std::string_view text);
  /// Gives up what it has kept. The memory stays for what comes next, but for that of large texts.
  void clear();

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };
  std::vector<Block> blocks_;
  std::size_t block_ = 0;  // that is being filled
  std::size_t used_ = 0;   // of it
};

}  // namespace mailboat::consumer
