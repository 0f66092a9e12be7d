#include "common/codec.hpp"

#include <gtest/gtest.h>
#include <random>
#include <tuple>

#include "common/error.hpp"

namespace mailboat {
namespace {

template <typename Message>
Message through_consumer_wire(const Message& message) {
  return std::get<Message>(decode_from_consumer(encode(FromConsumer{message})));
}

template <typename Message>
Message through_producer_wire(const Message& message) {
  return std::get<Message>(decode_from_producer(encode(FromProducer{message})));
}

EventBatch some_events() {
  EventBatch events;
  events.add({7, 100, "public.users", Op::Insert, R"({"id":1})"});
  events.add({8, 100, "public.orders", Op::Truncate, ""});
  events.add({9, 101, "public.users", Op::Delete, R"({"id":1})"});
  return events;
}

TEST(Codec, HelloSurvivesTheWire) {
  const Hello hello{protocol_version,
                    "replica",
                    "id@host:1:2",
                    Cursor{{12345678901234567890ULL, 16384, 3}, Snapshot::parse("852:857:853,855")},
                    {{"public.users", {"1", "a b"}, 500}, {"public.orders", {}, 0, true}},
                    8};
  const auto back = through_consumer_wire(hello);
  EXPECT_EQ(back.subscription, hello.subscription);
  EXPECT_EQ(back.replica, hello.replica);
  EXPECT_EQ(back.cursor, hello.cursor);
  EXPECT_EQ(back.unfinished_loads, hello.unfinished_loads);
  EXPECT_EQ(back.credit, hello.credit);
}

TEST(Codec, TimesOfEventsSurviveTheWireWhereTheyAreKnown) {
  Hello hello;
  EXPECT_FALSE(through_consumer_wire(hello).wants_times);
  hello.wants_times = true;
  EXPECT_TRUE(through_consumer_wire(hello).wants_times);
  EXPECT_TRUE(through_producer_wire(Retry{some_events()}).events.times().empty());
  const std::vector<EventTime> times{EventTime(std::chrono::microseconds(-1)),
                                     EventTime(std::chrono::microseconds(1'600'000'000'123'456))};
  EventBatch events;
  for (const auto time : times) events.add({7, 100, "t", Op::Insert, "{}", time});
  const auto back = through_producer_wire(Retry{events}).events;
  EXPECT_EQ(back.times(), times);
  std::vector<EventTime> seen;
  back.for_each([&seen](const Event& event) { seen.push_back(event.created_at); });
  EXPECT_EQ(seen, times);
}

TEST(Codec, HelloOfANewReplicaHasNoCursor) {
  EXPECT_FALSE(through_consumer_wire(Hello{}).cursor.has_value());
}

TEST(Codec, ANewHistorySurvivesTheWire) {
  const auto back = through_producer_wire(Welcome{{1, 2, 3}, std::chrono::milliseconds(5), true, 57});
  EXPECT_TRUE(back.new_history);
  EXPECT_EQ(back.shared_events, 57U);
  EXPECT_FALSE(through_producer_wire(Welcome{}).new_history);
}

TEST(Codec, TroubleSurvivesTheWire) {
  Hello hello;
  hello.trouble = "disk full";
  hello.file = "id";
  hello.retries = 57;
  EXPECT_EQ(through_consumer_wire(hello).file, "id");
  EXPECT_EQ(through_consumer_wire(hello).retries, 57U);
  EXPECT_EQ(through_consumer_wire(hello).trouble, "disk full");
}

TEST(Codec, RejectionsAndOutcomesSurviveTheWire) {
  const Rejected rejected{{{7, 100, "CHECK constraint failed"}, {9, 101, ""}}};
  EXPECT_EQ(through_consumer_wire(rejected).rejections, rejected.rejections);
  using Result = RetryOutcome::Result;
  const Retried retried{
      {{7, Result::Applied, ""}, {8, Result::Superseded, ""}, {9, Result::Rejected, "no"}}, 58, 6};
  EXPECT_EQ(through_consumer_wire(retried).number, 58U);
  EXPECT_EQ(through_consumer_wire(retried).replay, 6U);
  EXPECT_EQ(through_consumer_wire(retried).outcomes, retried.outcomes);
  EXPECT_EQ(through_producer_wire(Recorded{{7, 9}}).event_ids, (std::vector<EventId>{7, 9}));
  EXPECT_EQ(through_producer_wire(Retry{some_events()}).events.ids(), some_events().ids());
  EXPECT_EQ(through_producer_wire(Retry{some_events(), 6}).replay, 6U);
}

TEST(Codec, AnOutcomeThatNobodyKnowsIsInvalid) {
  const Retried retried{{{7, static_cast<RetryOutcome::Result>(9), ""}}};
  EXPECT_THROW(static_cast<void>(decode_from_consumer(encode(FromConsumer{retried}))), InvalidInput);
}

TEST(Codec, EventsKeepTheirOrderAndEveryByte) {
  Frame frame;
  frame.window = 4;
  frame.from = Snapshot::parse("5:5:");
  frame.events = some_events();
  const auto back = through_producer_wire(frame);
  std::vector<std::string> seen;
  back.events.for_each([&seen](const Event& event) {
    seen.push_back(std::to_string(event.id) + ' ' + std::to_string(event.transaction) + ' ' +
                   std::string(event.topic) + ' ' + static_cast<char>(event.op) + ' ' +
                   std::string(event.payload));
  });
  EXPECT_EQ(seen, (std::vector<std::string>{R"(7 100 public.users I {"id":1})", "8 100 public.orders T ",
                                            R"(9 101 public.users D {"id":1})"}));
  EXPECT_EQ(back.from, frame.from);
  EXPECT_FALSE(back.to.has_value());
}

TEST(Codec, LoadChunkSurvivesTheWire) {
  Frame frame;
  frame.last = true;
  frame.to = Snapshot::parse("6:6:");
  frame.load_begins = {"public.users"};
  frame.chunk = LoadChunk{"public.users", {}, {"2"}, true, false, 1000};
  frame.chunk->rows.add(R"({"id":1})");
  frame.chunk->rows.add(R"({"id":2})");
  const auto back = through_producer_wire(frame);
  ASSERT_TRUE(back.chunk.has_value());
  EXPECT_EQ(back.chunk->rows.texts(), R"({"id":1}{"id":2})");
  EXPECT_EQ(back.chunk->last_key, frame.chunk->last_key);
  EXPECT_TRUE(back.chunk->ends_chunk);
  EXPECT_FALSE(back.chunk->ends_load);
  EXPECT_EQ(back.load_begins, frame.load_begins);
  EXPECT_EQ(back.to, frame.to);
}

TEST(Codec, VerificationSurvivesTheWire) {
  Hello hello;
  hello.verification = RunningVerification{7, {"public.users", {"1"}, 5}};
  hello.verify_every = std::chrono::hours(24);
  EXPECT_EQ(through_consumer_wire(hello).verification, hello.verification);
  EXPECT_EQ(through_consumer_wire(hello).verify_every, hello.verify_every);

  Frame frame;
  frame.chunk =
      LoadChunk{"public.users", {}, {}, false, false, 0, false, LoadChunk::Purpose::Repair, 7, true};
  const auto chunk = through_producer_wire(frame).chunk;
  ASSERT_TRUE(chunk.has_value());
  EXPECT_EQ(chunk->purpose, LoadChunk::Purpose::Repair);
  EXPECT_EQ(chunk->operation, 7U);
  EXPECT_TRUE(chunk->begins);

  const Difference difference{Difference::Kind::Different, "id = 7", {"email", "name"}, true, "no"};
  const Verified verified{7, "public.users", Snapshot::parse("6:6:"), 100, 1, 2, 3, 4, {difference}, "why"};
  const auto back = through_consumer_wire(verified);
  EXPECT_EQ(back.snapshot, verified.snapshot);
  EXPECT_EQ(std::tie(back.rows, back.missing, back.extra, back.different, back.repaired, back.error),
            std::tie(verified.rows, verified.missing, verified.extra, verified.different, verified.repaired,
                     verified.error));
  EXPECT_EQ(back.differences, verified.differences);
  EXPECT_EQ(through_producer_wire(VerificationRecorded{7, "public.users"}).topic, "public.users");
}

TEST(Codec, ADifferenceThatNobodyKnowsIsInvalid) {
  Verified verified;
  verified.differences.push_back({static_cast<Difference::Kind>(9), "", {}, false, ""});
  EXPECT_THROW(static_cast<void>(decode_from_consumer(encode(FromConsumer{verified}))), InvalidInput);
}

TEST(Credit, LargeFramesTakeMoreButNeverMoreThanThereIs) {
  Frame frame;
  EXPECT_EQ(credit_cost(frame, 8), 1U);
  frame.events.add({1, 1, "t", Op::Update, std::string(3 << 20, 'x')});
  EXPECT_EQ(credit_cost(frame, 8), 4U);
  frame.events.add({2, 1, "t", Op::Update, std::string(100 << 20, 'x')});
  EXPECT_EQ(credit_cost(frame, 8), 8U);
  EXPECT_EQ(credit_cost(frame, 0), 1U);
}

TEST(Codec, GarbageIsRefusedAndNeverCrashes) {
  EXPECT_THROW(static_cast<void>(decode_from_consumer("")), InvalidInput);
  EXPECT_THROW(static_cast<void>(decode_from_producer("not protobuf at all")), InvalidInput);
  std::minstd_rand random(20261120);
  const auto good = encode(FromProducer{Frame{1, 0, std::nullopt, Snapshot(), true, some_events(), {}, {}}});
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = good;
    const auto flips = 1 + random() % 4;
    for (unsigned i = 0; i < flips; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    try {
      const auto message = decode_from_producer(bytes);
      if (const auto* frame = std::get_if<Frame>(&message)) {
        std::size_t total = 0;
        frame->events.for_each([&total](const Event& event) { total += event.payload.size(); });
        EXPECT_EQ(total, frame->events.payloads().bytes());
      }
    } catch (const InvalidInput&) {
    }
  }
}

TEST(Codec, ColumnsThatDoNotFitEachOtherAreRefused) {
  EXPECT_THROW(EventBatch({"t"}, {0, 0}, {1}, {1}, "I", TextColumn({0}, "")), InvalidInput);
  EXPECT_THROW(EventBatch({"t"}, {1}, {1}, {1}, "I", TextColumn({0}, "")), InvalidInput);
  EXPECT_THROW(EventBatch({"t"}, {0}, {1}, {1}, "X", TextColumn({0}, "")), InvalidInput);
  EXPECT_THROW(TextColumn({5}, "four"), InvalidInput);
}

TEST(Codec, ARefusalOfANewerProducerIsFinalAndKeepsItsText) {
  // FromProducer{refusal{code: 99, text: "later"}}
  const std::string bytes = "\x12\x09\x08\x63\x12\x05later";
  const auto refusal = std::get<Refusal>(decode_from_producer(bytes));
  EXPECT_FALSE(is_temporary(refusal.code));
  EXPECT_EQ(refusal.text, "later");
}

}  // namespace
}  // namespace mailboat
