#include <atomic>
#include <functional>
#include <random>
#include <thread>

#include "common/channel_zmq.hpp"
#include "common/codec.hpp"
#include "common/error.hpp"
#include "tests/faults/item_pipeline.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/seed.hpp"

namespace mailboat::test {
namespace {

using std::chrono::milliseconds;

using Answer = std::vector<std::string>;

/// Sits where the producer should, and answers each Hello as it likes.
class FalseProducer {
 public:
  FalseProducer(const std::string& endpoint, std::function<Answer(const Hello&)> script)
      : script_(std::move(script)), listener_(listen_zmq(endpoint)) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

 private:
  void run(const std::stop_token& stop) {
    const auto answer = [this](const Incoming& incoming) {
      const auto message = decode_from_consumer(incoming.bytes);
      if (const auto* hello = std::get_if<Hello>(&message)) {
        for (auto& piece : script_(*hello)) listener_->send(incoming.peer, std::move(piece));
      }
    };
    while (!stop.stop_requested()) {
      listener_->receive(milliseconds(5), {.message = answer, .unreachable = [](const PeerId&) {}});
    }
  }

  const std::function<Answer(const Hello&)> script_;
  const std::unique_ptr<Listener> listener_;
  std::jthread thread_;  // last: it uses everything above
};

std::string welcome(const Hello& hello) {
  return encode(
      FromProducer{Welcome{hello.cursor ? hello.cursor->source : SourceIdentity{}, milliseconds(100)}});
}

/// The beginning of a window that continues the replica's own cursor, with a row that no source has.
Frame beginning(const Hello& hello) {
  Frame frame;
  frame.window = 1;
  frame.from = hello.cursor ? std::optional(hello.cursor->snapshot) : std::nullopt;
  frame.events.add(
      Event{1'000'000, 1'000'000, "public.item", Op::Insert, R"({"id":1000000,"note":"false"})"});
  return frame;
}

std::string random_bytes(std::size_t size) {
  static std::mt19937_64 random(seed());
  std::string bytes(size, '\0');
  for (auto& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

struct Nonsense {
  std::string name;
  std::function<Answer(const Hello&)> answer;
};
void PrintTo(const Nonsense& nonsense, std::ostream* out) { *out << nonsense.name; }

Answer after_beginning(const Hello& hello, std::string bytes) {
  return {welcome(hello), encode(FromProducer{beginning(hello)}), std::move(bytes)};
}

std::string next_frame(std::uint64_t window, std::uint32_t index) {
  Frame frame;
  frame.window = window;
  frame.index = index;
  frame.last = true;
  frame.to = Snapshot::parse("900000000:900000000:");
  return encode(FromProducer{frame});
}

const std::vector<Nonsense> all_nonsense = {
    {"NothingAtAll", [](const Hello&) { return Answer{""}; }},
    {"RandomBytes", [](const Hello&) { return Answer{random_bytes(300)}; }},
    {"GiantMessage", [](const Hello&) { return Answer{std::string(8 << 20, 'x')}; }},
    {"CutWelcome",
     [](const Hello& hello) {
       const auto whole = welcome(hello);
       return Answer{whole.substr(0, whole.size() - 1)};
     }},
    {"WordsOfAConsumer", [](const Hello& hello) { return Answer{encode(FromConsumer{hello})}; }},
    {"RandomBytesInsideAWindow",
     [](const Hello& hello) { return after_beginning(hello, random_bytes(300)); }},
    {"GiantMessageInsideAWindow",
     [](const Hello& hello) { return after_beginning(hello, std::string(8 << 20, 'x')); }},
    {"CutFrameInsideAWindow",
     [](const Hello& hello) {
       const auto whole = encode(FromProducer{beginning(hello)});
       return after_beginning(hello, whole.substr(0, whole.size() / 2));
     }},
    {"SkippedFrame", [](const Hello& hello) { return after_beginning(hello, next_frame(1, 2)); }},
    {"FrameOfAnotherWindow", [](const Hello& hello) { return after_beginning(hello, next_frame(2, 1)); }},
    {"WindowFromElsewhere",
     [](const Hello& hello) {
       auto frame = beginning(hello);
       frame.from = Snapshot::parse("900000000:900000000:");
       return Answer{welcome(hello), encode(FromProducer{frame}), next_frame(1, 1)};
     }},
};

class NonsenseToAConsumer : public ItemPipeline, public ::testing::WithParamInterface<Nonsense> {};

TEST_P(NonsenseToAConsumer, IsLoggedOnceDroppedWithItsSenderAndLeavesNothingBehind) {
  follow();
  const auto before = pipeline_.cursor();
  pipeline_.kill_producer();
  {
    std::atomic<int> hellos = 0;
    const FalseProducer producer(pipeline_.endpoint(), [&](const Hello& hello) {
      ++hellos;
      return GetParam().answer(hello);
    });
    EXPECT_TRUE(eventually([&] { return hellos >= 3; })) << pipeline_.said();
    EXPECT_EQ(pipeline_.cursor(), before);
    EXPECT_EQ(pipeline_.replica().number("SELECT count(*) FROM item WHERE note = 'false'"), 0);
  }
  EXPECT_TRUE(pipeline_.consumer().running());
  if (!sanitized) {
    EXPECT_LT(pipeline_.consumer().peak_memory(), 400U << 20);
  }
  pipeline_.start_producer(quick);
  expect_goes_on();
  EXPECT_LE(occurrences(pipeline_.consumer().errors(), "waiting to try again"), 4) << pipeline_.said();
}

INSTANTIATE_TEST_SUITE_P(Of, NonsenseToAConsumer, ::testing::ValuesIn(all_nonsense),
                         [](const auto& test) { return test.param.name; });

class FalseRefusal : public ItemPipeline {};

TEST_F(FalseRefusal, OfAnUnknownKindIsFinalAndShown) {
  const FalseProducer producer(pipeline_.endpoint(), [](const Hello&) {
    return Answer{encode(FromProducer{Refusal{static_cast<RefusalCode>(99), "a reason of the future"}})};
  });
  const auto consumer = run(pipeline_.consumer_command(quick));
  EXPECT_EQ(consumer.exit_code, 1);
  EXPECT_NE(consumer.errors.find("a reason of the future"), std::string::npos) << consumer.errors;
}

}  // namespace
}  // namespace mailboat::test
