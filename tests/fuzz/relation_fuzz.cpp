#include "common/error.hpp"
#include "consumer/relation.hpp"
#include "consumer/table_schema.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace mailboat;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto relation = consumer::parse_relation("topic", {reinterpret_cast<const char*>(data), size});
    static_cast<void>(consumer::create_table(relation, consumer::table_name(relation)));
  } catch (const InvalidInput&) {
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {
      R"({"schema":"public","table":"users","key":["id"],"columns":[{"name":"id","type":"bigint","number":1},)"
      R"({"name":"e-mail","type":"text","number":2}],"load":true})"};
}
