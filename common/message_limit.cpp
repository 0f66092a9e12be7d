#include "common/message_limit.hpp"

#include "common/error.hpp"

namespace mailboat {

void require_message_limit(ByteSize limit, std::string_view why) {
  constexpr ByteSize smallest{std::uint64_t{2} << 20};
  if (limit >= smallest) return;
  throw InvalidInput("has to be at least " + format_byte_size(smallest) + ": " + std::string(why));
}

}  // namespace mailboat
