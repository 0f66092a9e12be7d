#include <cstdlib>
#include <limits>

#include "common/codec.hpp"
#include "common/error.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace mailboat;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    static_cast<void>(decode_from_consumer(bytes));
  } catch (const InvalidInput&) {
  }
  try {
    const auto message = decode_from_producer(bytes);
    if (const auto* frame = std::get_if<Frame>(&message)) {
      // Every view must lie within the frame: reading them all lets the sanitizer look.
      std::size_t sum = 0;
      frame->events.for_each([&sum](const Event& event) {
        for (const char c : event.payload) sum += static_cast<unsigned char>(c);
        sum += event.topic.size();
      });
      if (sum == std::numeric_limits<std::size_t>::max())
        std::abort();  // or the reading would be optimised away
    }
  } catch (const InvalidInput&) {
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  Frame frame;
  frame.window = 1;
  frame.from = Snapshot::parse("5:9:6,7");
  frame.events.add({7, 100, "public.users", Op::Insert, R"({"id":1})"});
  frame.events.add({8, 100, "public.orders", Op::Truncate, ""});
  frame.load_begins = {"public.users"};
  frame.chunk = LoadChunk{"public.users", {}, {"2"}, true, false, 1000};
  frame.chunk->rows.add(R"({"id":1})");
  const Hello hello{protocol_version,  "s", "r", Cursor{{1, 2, 3}, Snapshot::parse("5:9:6,7")},
                    {{"t", {"1"}, 1}}, 8};
  return {encode(FromProducer{frame}),
          encode(FromProducer{Refusal{RefusalCode::Busy, "text"}}),
          encode(FromProducer{Welcome{}}),
          encode(FromProducer{Recorded{{7, 8}}}),
          encode(FromProducer{Retry{frame.events}}),
          encode(FromConsumer{Rejected{{{7, 100, "no such table"}}}}),
          encode(FromConsumer{Retried{{{7, RetryOutcome::Result::Rejected, "no such table"}}}}),
          encode(FromConsumer{hello}),
          encode(FromConsumer{Ack{Snapshot::parse("5:9:6,7"), 1, 2}}),
          encode(FromConsumer{Credit{2}})};
}
