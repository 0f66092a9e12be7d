#include "consumer/producer_connection.hpp"

#include "common/channel_zmq.hpp"

namespace mailboat::consumer {

std::unique_ptr<Connection> connect_to_producer(const ConsumerOptions& options, const Source& source,
                                                const std::string& endpoint) {
  return connect_zmq(endpoint,
                     {options.message_limit.bytes, producer_key_of(source, endpoint), options.keys});
}

}  // namespace mailboat::consumer
