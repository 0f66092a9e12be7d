#include <cstdlib>

#include "postgres/copy_text.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace mailboat::postgres;

namespace {

// As the server does it. Source: PostgreSQL manual, COPY, "Text Format".
std::string escaped(std::string_view text) {
  constexpr std::string_view special = "\\\b\f\n\r\t\v";
  constexpr std::string_view letters = "\\bfnrtv";
  std::string out;
  for (const char c : text) {
    const auto at = special.find(c);
    if (at == std::string_view::npos) {
      out += c;
    } else {
      out.append(1, '\\').append(1, letters[at]);
    }
  }
  return out;
}

void take_apart(std::string_view line) {
  const auto size = line.size();
  std::size_t taken = 0;
  for (bool more = true; more;) {
    more = line.find('\t') != std::string_view::npos;
    const auto field = next_field(line);
    const auto length = field ? field->size() : 2;
    taken += length + (more ? 1 : 0);
    if (field && unescaped(*field).size() > length) std::abort();
  }
  if (taken != size || !line.empty()) std::abort();
}

void give_back(std::string_view text) {
  const auto copied = escaped(text) + "\t\\N\t" + escaped(text);
  std::string_view line = copied;
  for (const bool is_null : {false, true, false}) {
    const auto field = next_field(line);
    if (field.has_value() == is_null) std::abort();
    if (field && unescaped(*field) != text) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  take_apart(bytes);
  give_back(bytes);
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {"1\tA\\tnn\t\\N\t2026-01-01 00:00:00+00", "\\N", "\\\\N\t\\\\\\\\",
          "{\"a\": \"line\\nline\"}\t\\b\\f\\r\\v",
          "Gr\xC3\xBC\xC3\x9F"
          "e\t\t\\\\x00ff\t"};
}
