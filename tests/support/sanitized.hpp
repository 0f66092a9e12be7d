#pragma once

namespace mailboat::test {

/// Whether the programs are built with a sanitizer, whose own memory says nothing about theirs.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace mailboat::test
