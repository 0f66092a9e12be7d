#include <cmath>
#include <cstdlib>

#include "common/error.hpp"
#include "consumer/row_decoder.hpp"
#include "consumer/value_binding.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace mailboat;
using consumer::Column;
using consumer::Value;

namespace {

std::string decoded(consumer::RowDecoder& decoder, std::string_view json) {
  try {
    const auto& values = decoder.decode(json, json.data() + json.size());
    for (const auto& value : values) {
      if (value.kind == Value::Kind::Real && !std::isfinite(value.real)) std::abort();
    }
    return consumer::key_text(values);
  } catch (const InvalidInput&) {
    return "refused";
  }
}

// What is written without blanks is read in another way.
void decode(consumer::RowDecoder& decoder, const std::string& json) {
  if (decoded(decoder, json) != decoded(decoder, ' ' + json)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Column> tracked{{"id", "bigint", 1},
                                           {"ok", "boolean", 2},
                                           {"price", "numeric(10,2)", 3},
                                           {"r", "real", 4},
                                           {"data", "bytea", 5},
                                           {"at", "timestamp without time zone", 6},
                                           {"doc", "jsonb", 7},
                                           {"name", "text", 8},
                                           {"tz", "timestamp with time zone", 9},
                                           {"o", "oid", 10},
                                           {"list", "numeric(10,2)[]", 11},
                                           {"tiny", "numeric(15,290)", 12},
                                           {"any", "any", 13}};
  static const std::vector<Column> routed{Column("id"),   Column("r"),     Column("data"), Column("doc"),
                                          Column("name"), Column("price"), Column("")};
  static consumer::RowDecoder tracked_decoder(tracked);
  static consumer::RowDecoder routed_decoder(routed);
  const std::string json(reinterpret_cast<const char*>(data), size);
  decode(tracked_decoder, json);
  decode(routed_decoder, json);
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {
      R"({"id":1,"ok":true,"price":1.50,"r":0.5,"data":"\\x00ff","at":"2020-01-01T00:00:00","doc":{"a":[1,null]},)"
      R"("name":"a\"b\u00e9","tz":"2020-01-01T00:00:00.5+00:00"})",
      R"({"id":1,"ok":null,"price":1.50,"r":1,"data":"","at":"infinity","doc":true,"name":"x","tz":null,)"
      R"("o":"1","list":null,"tiny":0,"any":-1e5})",
      R"({"id":1,"r":2,"data":"x","doc":true,"name":null,"price":"1","":false})",
      R"({"id":null,"r":"NaN","at":"infinity","doc":"text"})",
      R"({"id" : 9223372036854775807})",
      R"({"id":-1.25e-7,"r":12345678901234567890,"doc":[true,{"x":"y"}],"price":1e400,"id":-0.0})",
      R"({"o":"4294967295","list":[[1.50,null],["NaN"]],"tiny":1.00e-290,"any":12.50,"price":12.00})",
      R"({"price":0.12345678901234567890,"tiny":"NaN","o":1,"any":{"x":true},"name":false})",
      R"({"\u0069d":false,"name":0.1000000000000000055511151231257827,"":[]})"};
}
