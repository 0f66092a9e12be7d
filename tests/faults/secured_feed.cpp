#include "tests/faults/secured_feed.hpp"

#include <filesystem>
#include <fstream>
#include <zmq.h>

#include "common/codec.hpp"
#include "common/key_file.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace mailboat::test {

SecuredFeed::SecuredFeed()
    : endpoint_("tcp://127.0.0.1:" + std::to_string(free_port())),
      producer_keys_(make_keys("producer.key")),
      consumer_keys_(make_keys("consumer.key")) {
  pipeline_.listen_at(endpoint_);
  write_allow_list(entry(consumer_keys_, Pipeline::subscription));
}

KeyPair SecuredFeed::make_keys(const std::string& name) const {
  const auto made = run({program("mailboat"), "keygen", path_of(name)});
  EXPECT_EQ(made.exit_code, 0) << made.errors;
  auto pair = read_key_file(path_of(name));
  EXPECT_NE(made.output.find(pair.public_key), std::string::npos) << made.output;
  EXPECT_EQ(made.output.find(pair.secret_key), std::string::npos) << "keygen prints the secret key";
  return pair;
}

std::string SecuredFeed::entry(const KeyPair& pair, const std::string& subscription) {
  return "[[consumer]]\nkey = '" + pair.public_key + "'\nsubscriptions = ['" + subscription + "']\n";
}

void SecuredFeed::write_allow_list(const std::string& text) const {
  std::ofstream(path_of("allow.new")) << text;
  std::filesystem::rename(path_of("allow.new"), path_of("allow.toml"));
}

void SecuredFeed::reload(const std::string& words) {
  pipeline_.producer().kill(SIGHUP);
  EXPECT_TRUE(pipeline_.producer().wait_for_output(words)) << pipeline_.said();
}

Pipeline::Arguments SecuredFeed::producer_arguments(const Pipeline::Arguments& more) const {
  Pipeline::Arguments all{"--key-file", path_of("producer.key"), "--allow-list", path_of("allow.toml")};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Pipeline::Arguments SecuredFeed::consumer_arguments(const std::string& producer_key,
                                                    const std::string& own) const {
  return {"--producer-key", producer_key, "--key-file", path_of(own)};
}

void SecuredFeed::start_producer(const Pipeline::Arguments& more) {
  auto& producer = pipeline_.start_producer(producer_arguments(more));
  ASSERT_TRUE(producer.wait_for_output("is listening")) << producer.errors();
}

void SecuredFeed::start_consumer() {
  pipeline_.start_consumer(consumer_arguments(producer_keys_.public_key, "consumer.key"));
}

void SecuredFeed::follow_with_keys() {
  start_producer();
  start_consumer();
  ASSERT_TRUE(becomes_equal());
}

RawPeer::RawPeer(const std::string& endpoint, const std::string& producer_key, const KeyPair& own)
    : context_(::zmq_ctx_new()), socket_(::zmq_socket(context_, ZMQ_DEALER)) {
  const auto set = [this](int option, const std::string& key) {
    EXPECT_EQ(::zmq_setsockopt(socket_, option, key.c_str(), key.size() + 1), 0);
  };
  const int linger_ms = 0;
  ::zmq_setsockopt(socket_, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
  if (!producer_key.empty()) {
    set(ZMQ_CURVE_SERVERKEY, producer_key);
    set(ZMQ_CURVE_PUBLICKEY, own.public_key);
    set(ZMQ_CURVE_SECRETKEY, own.secret_key);
  }
  EXPECT_EQ(::zmq_connect(socket_, endpoint.c_str()), 0);
}

RawPeer::~RawPeer() {
  ::zmq_close(socket_);
  ::zmq_ctx_term(context_);
}

void RawPeer::send(const std::string& bytes) { EXPECT_TRUE(try_send(bytes)); }

bool RawPeer::try_send(const std::string& bytes) {
  return ::zmq_send(socket_, bytes.data(), bytes.size(), ZMQ_DONTWAIT) == static_cast<int>(bytes.size());
}

std::vector<std::string> RawPeer::received() {
  std::vector<std::string> all;
  while (true) {
    zmq_msg_t message;
    ::zmq_msg_init(&message);
    const auto size = ::zmq_msg_recv(&message, socket_, ZMQ_DONTWAIT);
    if (size >= 0)
      all.emplace_back(static_cast<char*>(::zmq_msg_data(&message)), static_cast<std::size_t>(size));
    ::zmq_msg_close(&message);
    if (size < 0) return all;
  }
}

std::string hello_for(const std::string& subscription, const std::string& replica) {
  Hello hello;
  hello.protocol = protocol_version;
  hello.subscription = subscription;
  hello.replica = replica;
  hello.credit = 8;
  hello.heartbeat = std::chrono::minutes(1);
  return encode(FromConsumer{hello});
}

}  // namespace mailboat::test
