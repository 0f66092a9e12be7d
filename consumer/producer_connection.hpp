#pragma once

#include <memory>
#include <string>

#include "common/channel.hpp"
#include "consumer/options.hpp"

namespace mailboat::consumer {

/// A connection to the source's producer at `endpoint`, with the keys and limits of the options. Throws
/// ConfigurationError for an endpoint that makes no sense.
std::unique_ptr<Connection> connect_to_producer(const ConsumerOptions& options, const Source& source,
                                                const std::string& endpoint);

}  // namespace mailboat::consumer
