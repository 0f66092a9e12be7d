#include "common/http_server.hpp"

#include <gtest/gtest.h>
#include <list>
#include <memory>
#include <stdexcept>

#include "common/error.hpp"
#include "common/listen_address.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http_client.hpp"

namespace mailboat {
namespace {

using test::http_get;
using test::HttpConnection;

HttpAnswer echo(const std::string& path) {
  if (path == "/throw") throw std::runtime_error("by request");
  if (path == "/large") return {.body = std::string(std::size_t{8} << 20, 'x')};
  return {.body = path};
}

constexpr auto anywhere = "127.0.0.1:0";

TEST(HttpServer, AnswersOneAfterTheOther) {
  const HttpServer server(anywhere, echo);
  for (const std::string path : {"/a", "/b"}) {
    const auto reply = http_get(server.address(), path);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, path);
  }
}

TEST(HttpServer, AnswersARequestThatComesInPieces) {
  const HttpServer server(anywhere, echo);
  HttpConnection slow(server.address());
  for (const auto* piece : {"GE", "T /slow HTTP/1", ".1\r", "\nHost: x\r\n\r", "\n"}) {
    ASSERT_TRUE(slow.say(piece));
    EXPECT_EQ(http_get(server.address(), "/between").body, "/between");
  }
  EXPECT_EQ(slow.reply().body, "/slow");
}

TEST(HttpServer, GivesALargeAnswerToWhoReadsSlowlyAndServesOthersMeanwhile) {
  const HttpServer server(anywhere, echo);
  HttpConnection reader(server.address());
  ASSERT_TRUE(reader.say("GET /large HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(http_get(server.address(), "/other").body, "/other");
  EXPECT_EQ(reader.reply().body.size(), std::size_t{8} << 20);
}

TEST(HttpServer, RefusesNonsenseWithAWord) {
  const HttpServer server(anywhere, echo);
  for (const std::string& nonsense :
       {std::string("\x16\x03\x01\x02 tls\r\n\r\n"), std::string("POST / HTTP/1.1\r\n\r\n"),
        std::string(HttpServer::longest_request + 1, 'x'), std::string("\r\n\r\n")}) {
    HttpConnection rude(server.address());
    rude.say(nonsense);
    EXPECT_EQ(rude.reply().status, 400);
  }
  EXPECT_EQ(http_get(server.address(), "/still").body, "/still");
}

TEST(HttpServer, SilentClientsDoNotKeepOthersFromAnAnswer) {
  const HttpServer server(anywhere, echo);
  std::list<HttpConnection> silent;
  for (std::size_t i = 0; i < 2 * HttpServer::most_clients; ++i) {
    silent.emplace_back(server.address()).say("GET /");
    if (i % 10 != 0) continue;
    EXPECT_EQ(http_get(server.address(), "/me").body, "/me");
  }
  EXPECT_EQ(http_get(server.address(), "/me").body, "/me");
  silent.front().say("front HTTP/1.1\r\n\r\n");
  EXPECT_EQ(silent.front().reply().status, 0) << "the oldest had to go";
  ASSERT_TRUE(silent.back().say("back HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(silent.back().reply().body, "/back") << "the last one may take its time";
}

TEST(HttpServer, WhoHasGoneDoesNotDisturb) {
  const HttpServer server(anywhere, echo);
  for (int i = 0; i < 20; ++i) HttpConnection(server.address()).say("GET /large HTTP/1.1\r\n\r\n");
  EXPECT_EQ(http_get(server.address(), "/me").body, "/me");
}

TEST(HttpServer, SaysSoWhenItCannotAnswer) {
  const HttpServer server(anywhere, echo);
  EXPECT_EQ(http_get(server.address(), "/throw").status, 500);
}

TEST(HttpServer, EndsWhileSomebodyIsInTheMiddleOfAQuestion) {
  auto server = std::make_unique<HttpServer>(anywhere, echo);
  HttpConnection silent(server->address());
  ASSERT_TRUE(silent.say("GET /"));
  server.reset();
  EXPECT_EQ(silent.reply().status, 0);
}

std::string refusal(const std::string& address) {
  try {
    const HttpServer server(address, echo);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST(HttpServer, NamesAnAddressThatItCannotHave) {
  const HttpServer server(anywhere, echo);
  EXPECT_EQ(refusal(server.address()),
            "cannot listen on " + server.address() +
                ": Address already in use. Give another address with --metrics-listen, or stop what has it");
  EXPECT_NE(refusal("192.0.2.1:80").find("cannot listen on 192.0.2.1:80: "), std::string::npos);
  EXPECT_NE(refusal("no.such.host.invalid:80").find("cannot listen on no.such.host.invalid:80: "),
            std::string::npos);
}

TEST(ListenAddress, HasHostAndPort) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:9657").host, "127.0.0.1");
  EXPECT_EQ(parse_listen_address("localhost:0").port, "0");
  EXPECT_EQ(parse_listen_address("[::1]:9657").host, "::1");
  for (const auto* wrong : {"", "9657", ":9657", "localhost", "localhost:", "localhost:x", "localhost:65536",
                            "::1:9657", "http://localhost:9657", "tcp://127.0.0.1:9657"}) {
    EXPECT_THROW(static_cast<void>(parse_listen_address(wrong)), InvalidInput) << wrong;
  }
}

}  // namespace
}  // namespace mailboat
