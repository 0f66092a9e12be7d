#include "common/http.hpp"

#include <gtest/gtest.h>

namespace mailboat {
namespace {

TEST(Http, AHeadIsCompleteWithItsEmptyLine) {
  EXPECT_EQ(complete_head("GET / HTTP/1.1\r\nHost: x\r\n"), std::nullopt);
  EXPECT_EQ(complete_head("GET / HTTP/1.1\r\nHost: x\r\n\r\nrest"), "GET / HTTP/1.1\r\nHost: x");
  EXPECT_EQ(complete_head("GET / HTTP/1.0\n\n"), "GET / HTTP/1.0") << "typed by hand";
}

TEST(Http, ARequestIsItsPath) {
  EXPECT_EQ(parse_request("GET /metrics HTTP/1.1\r\nHost: x").path, "/metrics");
  EXPECT_EQ(parse_request("GET /metrics?name=up HTTP/1.1").path, "/metrics");
  EXPECT_FALSE(parse_request("GET /metrics HTTP/1.0").without_body);
  EXPECT_TRUE(parse_request("HEAD /readyz HTTP/1.1").without_body);
}

TEST(Http, WhatIsNoRequestHasNoPath) {
  for (const auto* head :
       {"", " ", "GET", "GET ", "GET /", "GET  HTTP/1.1", "POST / HTTP/1.1", "get / HTTP/1.1",
        "GET metrics HTTP/1.1", "GET / HTTP/2", "GET / FTP/1.1", "\r\nGET / HTTP/1.1"}) {
    EXPECT_EQ(parse_request(head).path, "") << head;
  }
}

TEST(Http, AnAnswerSaysHowLongItIsAndThatItIsTheLast) {
  EXPECT_EQ(
      to_text({.status = 503, .body = "no\n"}, false),
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n"
      "Cache-Control: no-store\r\nConnection: close\r\n\r\nno\n");
  EXPECT_TRUE(to_text({.body = "long"}, true).ends_with("\r\n\r\n"));
}

}  // namespace
}  // namespace mailboat
