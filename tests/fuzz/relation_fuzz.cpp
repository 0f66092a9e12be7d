#include "common/error.hpp"
#include "consumer/relation.hpp"
#include "consumer/table_schema.hpp"
#include "consumer/type_loss.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace mailboat;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string_view json(reinterpret_cast<const char*>(data), size);
    static_cast<void>(consumer::parse_news("topic", json));
    const auto relation = consumer::parse_relation("topic", json);
    static_cast<void>(consumer::describe_losses(relation.columns));
    static_cast<void>(consumer::create_table(relation, consumer::table_name(relation)));
  } catch (const InvalidInput&) {
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {
      R"({"schema":"public","table":"users","key":["id"],"columns":[{"name":"id","type":"bigint","number":1},)"
      R"({"name":"e-mail","type":"text","number":2}],"load":true,)"
      R"("renamed_from":"public.people","new":true,"dropped":false})",
      R"({"schema":"s","table":"t","key":["a"],"columns":[{"name":"a","type":"s.\"x{\"{\"b c\" s.y{j json[],)"
      R"( n numeric(10,2)}, m money}[]","number":1}]})"};
}
