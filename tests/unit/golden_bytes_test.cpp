// The bytes of docs/protocol.md, for those who write a consumer in another language: what mailboat itself
// writes.
#include <cctype>
#include <gtest/gtest.h>
#include <iomanip>
#include <map>
#include <sstream>

#include "common/codec.hpp"
#include "tests/support/document.hpp"

namespace mailboat {
namespace {

using Messages = std::map<std::string, std::string>;  // what the page calls a message, and its bytes in hex

std::string hex_of(const std::string& bytes) {
  std::ostringstream hex;
  hex << std::hex << std::setfill('0');
  for (const unsigned char byte : bytes) hex << std::setw(2) << static_cast<int>(byte);
  return hex.str();
}

std::string bytes_of(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

/// The digits of a ```hex block, without what stands behind `#`.
std::string digits_in(const std::string& block) {
  std::istringstream lines(block);
  std::string digits;
  for (std::string line; std::getline(lines, line);) {
    for (const char c : line.substr(0, line.find('#'))) {
      if (std::isxdigit(static_cast<unsigned char>(c)) != 0) digits += c;
    }
  }
  return digits;
}

Messages documented() {
  Messages messages;
  for (const auto& section : test::sections_of(MAILBOAT_SOURCE_DIR "/docs/protocol.md")) {
    for (const auto& block : section.blocks) {
      if (block.language == "hex") messages[section.title] = digits_in(block.text);
    }
  }
  return messages;
}

const SourceIdentity source{7300000000000000001ULL, 16384, 1};
constexpr auto second = std::chrono::milliseconds(1000);

Hello hello_with_a_cursor() {
  return {protocol_version,
          "shop",
          "shop.db on db1",
          Cursor{source, Snapshot::parse("852:857:853,855")},
          {{"public.orders", {"41"}, 41}},
          8,
          second,
          "",
          "b7f3",
          2};
}

EventBatch sign_up() {
  EventBatch events;
  events.add({1003, 859, "sign_up", Op::Update, R"({"id":2})"});
  return events;
}

Frame first_frame() {
  Frame frame{1, 0, Snapshot::parse("852:857:853,855"), std::nullopt, false, {}, {}, {}};
  frame.events.add({1001, 853, "public.users", Op::Update, R"({"id":1,"name":"Ada"})"});
  frame.events.add({1002, 858, "public.users", Op::Delete, R"({"id":2})"});
  return frame;
}

Frame last_frame() {
  LoadChunk chunk{"public.orders", {}, {"1"}, true, true, 1};
  chunk.rows.add(R"({"id":1,"total":12.50})");
  return {1, 1, std::nullopt, Snapshot::parse("860:860:"), true, sign_up(), {"public.orders"}, chunk};
}

Verified verified() {
  const Difference difference{Difference::Kind::Different, "id = 1", {"name"}, false, ""};
  return {7, "public.users", Snapshot::parse("863:863:"), 2, 0, 0, 1, 0, {difference}, ""};
}

Messages from_consumers() {
  const Hello new_replica{protocol_version, "shop", "shop.db on db1", std::nullopt, {}, 8, second};
  const std::map<std::string, FromConsumer> messages = {
      {"Hello of a new replica", new_replica},
      {"Hello with a cursor", hello_with_a_cursor()},
      {"Ack", Ack{Snapshot::parse("860:860:"), 1, 1003}},
      {"Credit", Credit{1}},
      {"Rejected", Rejected{{{1003, 859, "there is no table for topic 'sign_up'"}}}},
      {"Retried", Retried{{{1003, RetryOutcome::Result::Applied, ""}}, 3}},
      {"Verified", verified()},
      {"Heartbeat of a consumer", Heartbeat{}},
      {"Goodbye", Goodbye{}},
  };
  Messages encoded;
  for (const auto& [name, message] : messages) encoded[name] = hex_of(encode(message));
  return encoded;
}

Messages from_producers() {
  const Frame no_events{2, 0, Snapshot::parse("860:860:"), Snapshot::parse("863:863:"), true, {}, {}, {}};
  const std::map<std::string, FromProducer> messages = {
      {"Welcome", Welcome{source, second}},
      {"Refusal", Refusal{RefusalCode::UnknownSubscription, "there is no subscription 'shop'"}},
      {"First frame of a window", first_frame()},
      {"Last frame of a window", last_frame()},
      {"Window without events", no_events},
      {"Recorded", Recorded{{1003}}},
      {"Retry", Retry{sign_up()}},
      {"VerificationRecorded", VerificationRecorded{7, "public.users"}},
      {"Heartbeat of a producer", Heartbeat{}},
  };
  Messages encoded;
  for (const auto& [name, message] : messages) encoded[name] = hex_of(encode(message));
  return encoded;
}

TEST(GoldenBytes, AreWhatTheCodecWrites) {
  auto messages = from_consumers();
  messages.merge(from_producers());
  EXPECT_EQ(documented(), messages);
}

TEST(GoldenBytes, ShowEachKindOfMessage) {
  EXPECT_GE(from_consumers().size(), std::variant_size_v<FromConsumer>);
  EXPECT_GE(from_producers().size(), std::variant_size_v<FromProducer>);
}

TEST(GoldenBytes, AreReadBackAsTheyWereWritten) {
  for (const auto& [name, hex] : from_consumers()) {
    EXPECT_EQ(hex_of(encode(decode_from_consumer(bytes_of(hex)))), hex) << name;
  }
  for (const auto& [name, hex] : from_producers()) {
    EXPECT_EQ(hex_of(encode(decode_from_producer(bytes_of(hex)))), hex) << name;
  }
}

}  // namespace
}  // namespace mailboat
