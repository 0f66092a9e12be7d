// Whatever the payload is, what is not named is not in what is left of it.
#include <cstdlib>

#include "common/error.hpp"
#include "consumer/row_decoder.hpp"
#include "producer/json_parts.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace mailboat;
using consumer::Column;
using consumer::Value;

namespace {

const producer::Names names{"id", "doc"};

bool has_secret(const std::string& json) {
  static const std::vector<Column> columns{{"secret", "text", 1}};
  static consumer::RowDecoder decoder(columns);
  try {
    return decoder.decode(json, json.data() + json.size()).front().kind != Value::Kind::Null;
  } catch (const InvalidInput&) {
    return false;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  try {
    const auto kept = producer::only_members(json, names);
    if (has_secret(kept) || producer::only_members(kept, names) != kept) std::abort();
  } catch (const InvalidInput&) {
  }
  try {
    const auto described = producer::only_columns(json, names);
    if (producer::only_columns(described, names) != described) std::abort();
  } catch (const InvalidInput&) {
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {R"({"id":1,"secret":"x\"y","doc":{"secret":[1,{"a":"}"}]},"other":null})",
          R"({ "secret" : "s" , "id" : -1.5e3 , "doc" : [ "\u0000" ] })", R"({"\u0073ecret":1,"i\u0064":2})",
          R"(["secret",{"secret":1}])",
          R"({"key": ["id"], "columns": [{"name": "id", "number": 1}, {"name": "secret", "number": 2}]})"};
}
