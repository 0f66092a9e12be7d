#include "common/memory.hpp"

#include <malloc.h>

namespace mailboat {

void keep_freed_memory() {
  constexpr int mebibyte = 1 << 20;
  ::mallopt(M_MMAP_THRESHOLD, 4 * mebibyte);
  ::mallopt(M_TRIM_THRESHOLD, 16 * mebibyte);
  ::mallopt(M_ARENA_MAX, 4);
}

}  // namespace mailboat
