#include "common/curve_key.hpp"

#include <array>
#include <cstdint>
#include <zmq.h>

#include "common/error.hpp"

namespace mailboat {
namespace {

constexpr std::size_t text_size = 40;
constexpr std::size_t byte_size = 32;
using TextBuffer = std::array<char, text_size + 1>;  // ZeroMQ ends them with a zero

bool is_key(const std::string& text) {
  std::array<std::uint8_t, byte_size> bytes{};
  return text.size() == text_size && ::zmq_z85_decode(bytes.data(), text.c_str()) != nullptr &&
         key_text({reinterpret_cast<const char*>(bytes.data()), bytes.size()}) == text;
}

}  // namespace

KeyPair make_key_pair() {
  TextBuffer public_key{};
  TextBuffer secret_key{};
  if (::zmq_curve_keypair(public_key.data(), secret_key.data()) != 0)
    throw Fatal("cannot make keys: the ZeroMQ library of this machine was built without CURVE");
  return {public_key.data(), secret_key.data()};
}

KeyPair pair_of(const std::string& secret_key) {
  TextBuffer public_key{};
  if (!is_key(secret_key) || ::zmq_curve_public(public_key.data(), secret_key.c_str()) != 0)
    throw InvalidInput("not a secret key (expected 40 characters, as mailboat keygen writes them)");
  return {public_key.data(), secret_key};
}

void require_key(std::string_view text) {
  if (is_key(std::string(text))) return;
  throw InvalidInput("not a public key: '" + std::string(text.substr(0, 2 * text_size)) +
                     "' (expected the 40 characters that mailboat keygen has written to FILE.pub)");
}

std::string key_text(std::string_view bytes) {
  TextBuffer text{};
  if (bytes.size() != byte_size)
    throw InvalidInput("a key has 32 bytes, not " + std::to_string(bytes.size()));
  ::zmq_z85_encode(text.data(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return text.data();
}

}  // namespace mailboat
