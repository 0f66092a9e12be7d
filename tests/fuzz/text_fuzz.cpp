#include <cstdlib>

#include "common/byte_size.hpp"
#include "common/characters.hpp"
#include "common/curve_key.hpp"
#include "common/error.hpp"
#include "common/key_file.hpp"
#include "common/listen_address.hpp"
#include "postgres/redact.hpp"
#include "producer/outside_text.hpp"
#include "tests/fuzz/fuzz.hpp"

// The small readers of texts.

using namespace mailboat;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

template <typename Read>
void allow_refusal(const Read& read) {
  try {
    read();
  } catch (const InvalidInput&) {
  }
}

void read_listen_address(std::string_view text) {
  const auto address = parse_listen_address(text);
  require(!address.host.empty() && !address.port.empty() && std::stoul(address.port) <= 65535);
}

void read_byte_size(const std::string& text) {
  const auto size = parse_byte_size(text);
  require(parse_byte_size(format_byte_size(size)).bytes == size.bytes);
}

void read_key(const std::string& text) {
  const auto pair = pair_of(text);
  require(pair.secret_key == text);
  require_key(pair.public_key);
}

constexpr auto secret = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

void read_key_file_of(const std::string& text) {
  try {
    require_key(key_in(text, "producer.key").public_key);
  } catch (const ConfigurationError& error) {
    require(std::string_view(error.what()).find(secret) == std::string_view::npos);
  }
}

void make_fit(std::string_view text) {
  constexpr std::size_t limit = 40;
  const auto fit = producer::outside_text(text, limit);
  require(fit.size() <= limit);
  for (std::string_view rest = fit; !rest.empty();) {
    const auto next = first_character(rest);
    require(next.code && !is_control(*next.code));
    rest.remove_prefix(next.bytes.size());
  }
  require(printable(fit) == fit);
}

// Whatever the password is, libpq's sentence with it loses it.
void hide(const std::string& text) {
  static_cast<void>(postgres::redact(text, text));
  std::string password = text.substr(0, 30);
  std::erase_if(password,
                [](char c) { return std::string_view("/?:@&#=' \t\n").find(c) != std::string_view::npos; });
  if (password.size() < 4) return;
  const auto shown =
      postgres::redact("bad token: \"" + password + "\" in string", "postgresql://u:" + password + "@h/d");
  require(shown == "bad token: \"***\" in string");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  allow_refusal([&] { read_listen_address(text); });
  allow_refusal([&] { read_byte_size(text); });
  allow_refusal([&] { read_key(text); });
  read_key_file_of(text);
  make_fit(text);
  hide(text);
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {"127.0.0.1:9657",
          "[::1]:9657",
          "localhost:0",
          "10GiB",
          "none",
          "64MiB",
          secret,
          std::string("# The secret key of a mailboat daemon.\nsecret_key = \"") + secret + "\"\n",
          std::string("secret_key = ") + secret,
          "shop \xC3\xA9\xE2\x82\xAC\xF0\x9F\x9B\xB6 \xE2\x80\xAE \x1b[2J",
          "postgresql://app:hunter2@db/shop",
          "host=db password='sec\"ret'"};
}
