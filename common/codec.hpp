#pragma once

#include <string>
#include <string_view>

#include "common/messages.hpp"

namespace mailboat {

/// The bytes of one message (a protobuf `FromConsumer` or `FromProducer` of feed.proto). Any thread.
[[nodiscard]] std::string encode(const FromConsumer& message);
[[nodiscard]] std::string encode(const FromProducer& message);

/// Throws InvalidInput for anything that is not such a message: not protobuf, no message set, columns that do
/// not fit, an impossible snapshot. Whatever is returned can be used without further checks of its form.
[[nodiscard]] FromConsumer decode_from_consumer(std::string_view bytes);
[[nodiscard]] FromProducer decode_from_producer(std::string_view bytes);

}  // namespace mailboat
