#include "common/error.hpp"
#include "consumer/row_decoder.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace mailboat;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<consumer::Column> columns{
      {"id", "bigint", 1}, {"ok", "boolean", 2}, {"price", "numeric(10,2)", 3},
      {"r", "real", 4},    {"data", "bytea", 5}, {"at", "timestamp without time zone", 6},
      {"doc", "jsonb", 7}, {"name", "text", 8},  {"tz", "timestamp with time zone", 9}};
  static consumer::RowDecoder decoder(columns);
  try {
    const auto* text = reinterpret_cast<const char*>(data);
    static_cast<void>(decoder.decode({text, size}, text + size));
  } catch (const InvalidInput&) {
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {
      R"({"id":1,"ok":true,"price":1.50,"r":0.5,"data":"\\x00ff","at":"2020-01-01T00:00:00","doc":{"a":[1,null]},)"
      R"("name":"a\"b\u00e9","tz":"2020-01-01T00:00:00.5+00:00"})",
      R"({"id":null,"r":"NaN","at":"infinity","doc":"text"})", R"({"id" : 9223372036854775807})"};
}
