#include "tests/faults/stranger.hpp"

#include <gtest/gtest.h>
#include <zmq.h>

namespace mailboat::test {

Stranger::Stranger(const std::string& endpoint)
    : context_(::zmq_ctx_new()), socket_(::zmq_socket(context_, ZMQ_DEALER)) {
  EXPECT_EQ(::zmq_connect(socket_, endpoint.c_str()), 0);
}

Stranger::~Stranger() {
  const int linger_ms = 0;
  ::zmq_setsockopt(socket_, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
  ::zmq_close(socket_);
  ::zmq_ctx_term(context_);
}

void Stranger::send(const std::string& bytes, bool more_follow) {
  const int flags = more_follow ? ZMQ_SNDMORE : 0;
  EXPECT_EQ(::zmq_send(socket_, bytes.data(), bytes.size(), flags), static_cast<int>(bytes.size()));
}

}  // namespace mailboat::test
