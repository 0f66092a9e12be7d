#include "common/endpoint.hpp"

#include <gtest/gtest.h>
#include <string>

#include "common/error.hpp"

namespace mailboat {
namespace {

TEST(Endpoint, CountsAsLoopbackOnlyWhatOtherMachinesCannotReach) {
  for (const auto* endpoint : {"tcp://127.0.0.1:5657", "tcp://127.8.9.10:1", "tcp://localhost:5657",
                               "tcp://[::1]:5657", "ipc:///run/mailboat/feed", "inproc://feed"}) {
    EXPECT_TRUE(is_loopback(endpoint)) << endpoint;
  }
  for (const auto* endpoint :
       {"tcp://*:5657", "tcp://0.0.0.0:5657", "tcp://[::]:5657", "tcp://192.168.1.2:5657", "tcp://eth0:5657",
        "tcp://db.example.org:5657", "tcp://127.0.0.1.example.org:5657", "tcp://127.0.0.1.5:1",
        "tcp://127.0.0:1", "tcp://127.0.0.256:1", "tcp://localhost.example.org:1", "tcp://[::1%eth0]:1",
        "tcp://127.0.0.1", "127.0.0.1:1", "udp://127.0.0.1:1", ""}) {
    EXPECT_FALSE(is_loopback(endpoint)) << endpoint;
  }
}

TEST(Endpoint, RefusesAddressesThatNoSocketCouldUse) {
  for (const auto* endpoint :
       {"tcp://127.0.0.1:5657", "tcp://*:*", "tcp://db.example.org:65535", "ipc:///x"}) {
    EXPECT_NO_THROW(require_endpoint(endpoint)) << endpoint;
  }
  for (const auto* endpoint : {"", "127.0.0.1:5657", "tcp://", "tcp://host", "tcp://:5657", "tcp://host:",
                               "tcp://host:x", "tcp://host:65536", "http://host:1", "ipc://", "inproc://"}) {
    EXPECT_THROW(require_endpoint(endpoint), InvalidInput) << endpoint;
  }
}

std::string refusal(void (*require)(std::string_view, bool), const std::string& endpoint) {
  try {
    require(endpoint, false);
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Endpoint, OnANetworkNeedsKeysOrConsentAndTheSentenceNamesTheWaysOut) {
  EXPECT_NO_THROW(require_private_bind("tcp://127.0.0.1:5657", false));
  EXPECT_NO_THROW(require_private_bind("tcp://*:5657", true));
  for (const auto* part : {"tcp://*:5657", "127.0.0.1", "--key-file", "--allow-list", "--insecure"})
    EXPECT_NE(refusal(require_private_bind, "tcp://*:5657").find(part), std::string::npos) << part;
  EXPECT_NO_THROW(require_private_connection("ipc:///run/feed", false));
  EXPECT_NO_THROW(require_private_connection("tcp://db:5657", true));
  for (const auto* part : {"tcp://db:5657", "--key-file", "--producer-key", "--insecure"})
    EXPECT_NE(refusal(require_private_connection, "tcp://db:5657").find(part), std::string::npos) << part;
}

}  // namespace
}  // namespace mailboat
