#include "common/codec.hpp"

#include <google/protobuf/stubs/logging.h>
#include <limits>

#include "common/error.hpp"

#include "mailboat/v1/feed.pb.h"

namespace mailboat {
namespace {

template <typename Item>
std::vector<Item> to_vector(const auto& repeated) {
  return {repeated.begin(), repeated.end()};
}

void write(const SourceIdentity& source, v1::Source& out) {
  out.set_system_identifier(source.system_identifier);
  out.set_database_oid(source.database_oid);
  out.set_timeline(source.timeline);
}

SourceIdentity read(const v1::Source& in) {
  return {in.system_identifier(), in.database_oid(), in.timeline()};
}

void write(const LoadPosition& position, v1::LoadPosition& out) {
  out.set_topic(position.topic);
  for (const auto& value : position.last_key) out.add_last_key(value);
  out.set_rows(position.rows);
  out.set_paused(position.paused);
}

LoadPosition read(const v1::LoadPosition& in) {
  return {in.topic(), to_vector<std::string>(in.last_key()), in.rows(), in.paused()};
}

void write(const Hello& hello, v1::FromConsumer& message) {
  auto& out = *message.mutable_hello();
  out.set_protocol(hello.protocol);
  out.set_subscription(hello.subscription);
  out.set_replica(hello.replica);
  if (hello.cursor) {
    write(hello.cursor->source, *out.mutable_source());
    out.set_snapshot(hello.cursor->snapshot.to_string());
  }
  for (const auto& load : hello.unfinished_loads) write(load, *out.add_unfinished_loads());
  out.set_credit(hello.credit);
  out.set_heartbeat_milliseconds(static_cast<std::uint32_t>(hello.heartbeat.count()));
  out.set_trouble(hello.trouble);
  out.set_file(hello.file);
  out.set_retries(hello.retries);
  if (hello.verification) {
    auto& verification = *out.mutable_verification();
    verification.set_operation(hello.verification->operation);
    write(hello.verification->position, *verification.mutable_position());
  }
  out.set_verify_every_seconds(static_cast<std::uint32_t>(hello.verify_every.count()));
  out.set_wants_times(hello.wants_times);
}

Hello read(const v1::Hello& in) {
  Hello hello{in.protocol(),
              in.subscription(),
              in.replica(),
              std::nullopt,
              {},
              in.credit(),
              std::chrono::milliseconds(in.heartbeat_milliseconds()),
              in.trouble(),
              in.file(),
              in.retries()};
  if (!in.snapshot().empty()) hello.cursor = Cursor{read(in.source()), Snapshot::parse(in.snapshot())};
  for (const auto& load : in.unfinished_loads()) hello.unfinished_loads.push_back(read(load));
  if (in.has_verification()) {
    hello.verification =
        RunningVerification{in.verification().operation(), read(in.verification().position())};
  }
  hello.verify_every = std::chrono::seconds(in.verify_every_seconds());
  hello.wants_times = in.wants_times();
  return hello;
}

void write(const Ack& ack, v1::FromConsumer& message) {
  auto& out = *message.mutable_ack();
  out.set_snapshot(ack.snapshot.to_string());
  out.set_window(ack.window);
  out.set_last_event_id(ack.last_event_id);
  out.set_trouble(ack.trouble);
}

Ack read(const v1::Ack& in) {
  return {Snapshot::parse(in.snapshot()), in.window(), in.last_event_id(), in.trouble()};
}

void write(const Credit& credit, v1::FromConsumer& message) {
  message.mutable_credit()->set_amount(credit.amount);
}

void write(const Rejected& rejected, v1::FromConsumer& message) {
  auto& out = *message.mutable_rejected();
  for (const auto& rejection : rejected.rejections) {
    auto& one = *out.add_rejections();
    one.set_event_id(rejection.event_id);
    one.set_txid(rejection.transaction);
    one.set_error(rejection.error);
  }
}

Rejected read(const v1::Rejected& in) {
  Rejected rejected;
  for (const auto& one : in.rejections()) {
    rejected.rejections.push_back({one.event_id(), one.txid(), one.error()});
  }
  return rejected;
}

void write(const Retried& retried, v1::FromConsumer& message) {
  auto& out = *message.mutable_retried();
  for (const auto& outcome : retried.outcomes) {
    auto& one = *out.add_outcomes();
    one.set_event_id(outcome.event_id);
    one.set_result(static_cast<v1::Retried::Outcome::Result>(outcome.result));
    one.set_error(outcome.error);
  }
  out.set_number(retried.number);
  out.set_replay(retried.replay);
}

Retried read(const v1::Retried& in) {
  using Wire = v1::Retried::Outcome;
  Retried retried{{}, in.number(), in.replay()};
  for (const auto& one : in.outcomes()) {
    if (!Wire::Result_IsValid(one.result()) || one.result() == Wire::RESULT_UNSPECIFIED) {
      throw InvalidInput("an unknown outcome of a retry");
    }
    retried.outcomes.push_back(
        {one.event_id(), static_cast<RetryOutcome::Result>(one.result()), one.error()});
  }
  return retried;
}

void write(const Difference& difference, v1::Difference& out) {
  out.set_kind(static_cast<v1::Difference::Kind>(difference.kind));
  out.set_key(difference.key);
  for (const auto& column : difference.columns) out.add_column(column);
  out.set_repaired(difference.repaired);
  out.set_error(difference.error);
}

Difference read(const v1::Difference& in) {
  if (!v1::Difference::Kind_IsValid(in.kind()) || in.kind() == v1::Difference::KIND_UNSPECIFIED) {
    throw InvalidInput("an unknown kind of difference");
  }
  return {static_cast<Difference::Kind>(in.kind()), in.key(), to_vector<std::string>(in.column()),
          in.repaired(), in.error()};
}

void write(const Verified& verified, v1::FromConsumer& message) {
  auto& out = *message.mutable_verified();
  out.set_operation(verified.operation);
  out.set_topic(verified.topic);
  out.set_snapshot(verified.snapshot.to_string());
  out.set_rows(verified.rows);
  out.set_missing(verified.missing);
  out.set_extra(verified.extra);
  out.set_different(verified.different);
  out.set_repaired(verified.repaired);
  for (const auto& difference : verified.differences) write(difference, *out.add_differences());
  out.set_error(verified.error);
}

Verified read(const v1::Verified& in) {
  Verified verified{in.operation(), in.topic(),    Snapshot::parse(in.snapshot()),
                    in.rows(),      in.missing(),  in.extra(),
                    in.different(), in.repaired(), {},
                    in.error()};
  for (const auto& difference : in.differences()) verified.differences.push_back(read(difference));
  return verified;
}

void write(const Heartbeat&, auto& message) { message.mutable_heartbeat(); }
void write(const Goodbye&, v1::FromConsumer& message) { message.mutable_goodbye(); }

void write(const Welcome& welcome, v1::FromProducer& message) {
  auto& out = *message.mutable_welcome();
  write(welcome.source, *out.mutable_source());
  out.set_heartbeat_milliseconds(static_cast<std::uint32_t>(welcome.heartbeat.count()));
  out.set_new_history(welcome.new_history);
  out.set_shared_events(welcome.shared_events);
}

Welcome read(const v1::Welcome& in) {
  return {read(in.source()), std::chrono::milliseconds(in.heartbeat_milliseconds()), in.new_history(),
          in.shared_events()};
}

void write(const Refusal& refusal, v1::FromProducer& message) {
  auto& out = *message.mutable_refusal();
  out.set_code(static_cast<v1::Refusal::Code>(refusal.code));
  out.set_text(refusal.text);
}

Refusal read(const v1::Refusal& in) {
  // A code of a newer producer is refused for good: its text says more than a guess of ours would.
  const auto known = v1::Refusal::Code_IsValid(in.code()) && in.code() != v1::Refusal::CODE_UNSPECIFIED;
  return {known ? static_cast<RefusalCode>(in.code()) : RefusalCode::SourceUnsuitable, in.text()};
}

void write(const EventBatch& events, v1::Events& out) {
  for (const auto& name : events.topic_names()) out.add_topic_name(name);
  out.mutable_topic()->Add(events.topics().begin(), events.topics().end());
  out.mutable_id()->Add(events.ids().begin(), events.ids().end());
  out.mutable_txid()->Add(events.transactions().begin(), events.transactions().end());
  out.set_op(events.ops());
  const auto& payloads = events.payloads();
  out.mutable_payload_size()->Add(payloads.sizes().begin(), payloads.sizes().end());
  out.set_payload(payloads.texts());
  for (const auto time : events.times()) out.add_created_at(time.time_since_epoch().count());
}

EventBatch read(v1::Events& in) {
  std::vector<EventTime> times;
  for (const auto time : in.created_at()) times.emplace_back(std::chrono::microseconds(time));
  return {to_vector<std::string>(in.topic_name()),
          to_vector<std::uint32_t>(in.topic()),
          to_vector<EventId>(in.id()),
          to_vector<TransactionId>(in.txid()),
          std::move(*in.mutable_op()),
          TextColumn(to_vector<std::uint32_t>(in.payload_size()), std::move(*in.mutable_payload())),
          std::move(times)};
}

void write(const LoadChunk& chunk, v1::LoadChunk& out) {
  out.set_topic(chunk.topic);
  out.mutable_row_size()->Add(chunk.rows.sizes().begin(), chunk.rows.sizes().end());
  out.set_rows(chunk.rows.texts());
  for (const auto& value : chunk.last_key) out.add_last_key(value);
  out.set_ends_chunk(chunk.ends_chunk);
  out.set_ends_load(chunk.ends_load);
  out.set_estimated_rows(chunk.estimated_rows);
  out.set_gives_up(chunk.gives_up);
  out.set_purpose(static_cast<v1::LoadChunk::Purpose>(chunk.purpose));
  out.set_operation(chunk.operation);
  out.set_begins(chunk.begins);
}

void write(const Recorded& recorded, v1::FromProducer& message) {
  message.mutable_recorded()->mutable_event_id()->Add(recorded.event_ids.begin(), recorded.event_ids.end());
}

void write(const Retry& retry, v1::FromProducer& message) {
  auto& out = *message.mutable_retry();
  write(retry.events, *out.mutable_events());
  out.set_replay(retry.replay);
}

void write(const VerificationRecorded& recorded, v1::FromProducer& message) {
  auto& out = *message.mutable_verification_recorded();
  out.set_operation(recorded.operation);
  out.set_topic(recorded.topic);
}

LoadChunk read(v1::LoadChunk& in) {
  if (!v1::LoadChunk::Purpose_IsValid(in.purpose())) throw InvalidInput("a chunk of an unknown purpose");
  return {in.topic(),
          TextColumn(to_vector<std::uint32_t>(in.row_size()), std::move(*in.mutable_rows())),
          to_vector<std::string>(in.last_key()),
          in.ends_chunk(),
          in.ends_load(),
          in.estimated_rows(),
          in.gives_up(),
          static_cast<LoadChunk::Purpose>(in.purpose()),
          in.operation(),
          in.begins()};
}

void write(const Frame& frame, v1::FromProducer& message) {
  auto& out = *message.mutable_frame();
  out.set_window(frame.window);
  out.set_index(frame.index);
  if (frame.from) out.set_from(frame.from->to_string());
  if (frame.to) out.set_to(frame.to->to_string());
  out.set_last(frame.last);
  if (!frame.events.empty()) write(frame.events, *out.mutable_events());
  for (const auto& topic : frame.load_begins) out.add_load_begins(topic);
  if (frame.chunk) write(*frame.chunk, *out.mutable_chunk());
}

std::optional<Snapshot> read_snapshot(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return Snapshot::parse(text);
}

Frame read(v1::Frame& in) {
  Frame frame{in.window(),
              in.index(),
              read_snapshot(in.from()),
              read_snapshot(in.to()),
              in.last(),
              read(*in.mutable_events()),
              to_vector<std::string>(in.load_begins()),
              std::nullopt};
  if (frame.last != frame.to.has_value())
    throw InvalidInput("only a window's last frame carries its end snapshot");
  if (in.has_chunk()) frame.chunk = read(*in.mutable_chunk());
  return frame;
}

template <typename Message>
std::string serialize(const Message& message) {
  std::string bytes;
  if (!message.SerializeToString(&bytes))
    throw Fatal("cannot serialise a message: larger than protobuf's 2 GiB");
  return bytes;
}

template <typename Message>
Message parse(std::string_view bytes) {
  // What is wrong with a message is said by our exception; protobuf would also print it, as often as a peer
  // likes.
  [[maybe_unused]] static auto* const printer = google::protobuf::SetLogHandler(nullptr);
  Message message;
  const auto fits = bytes.size() <= std::numeric_limits<int>::max();
  if (!fits || !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw InvalidInput("not a mailboat message (" + std::to_string(bytes.size()) + " bytes)");
  }
  return message;
}

}  // namespace

std::string encode(const FromConsumer& message) {
  v1::FromConsumer out;
  std::visit([&out](const auto& part) { write(part, out); }, message);
  return serialize(out);
}

std::string encode(const FromProducer& message) {
  v1::FromProducer out;
  std::visit([&out](const auto& part) { write(part, out); }, message);
  return serialize(out);
}

FromConsumer decode_from_consumer(std::string_view bytes) {
  const auto message = parse<v1::FromConsumer>(bytes);
  switch (message.message_case()) {
    case v1::FromConsumer::kHello:
      return read(message.hello());
    case v1::FromConsumer::kAck:
      return read(message.ack());
    case v1::FromConsumer::kCredit:
      return Credit{message.credit().amount()};
    case v1::FromConsumer::kHeartbeat:
      return Heartbeat{};
    case v1::FromConsumer::kGoodbye:
      return Goodbye{};
    case v1::FromConsumer::kRejected:
      return read(message.rejected());
    case v1::FromConsumer::kRetried:
      return read(message.retried());
    case v1::FromConsumer::kVerified:
      return read(message.verified());
    case v1::FromConsumer::MESSAGE_NOT_SET:
      break;
  }
  throw InvalidInput("an empty or unknown message from a consumer");
}

FromProducer decode_from_producer(std::string_view bytes) {
  auto message = parse<v1::FromProducer>(bytes);
  switch (message.message_case()) {
    case v1::FromProducer::kWelcome:
      return read(message.welcome());
    case v1::FromProducer::kRefusal:
      return read(message.refusal());
    case v1::FromProducer::kFrame:
      return read(*message.mutable_frame());
    case v1::FromProducer::kHeartbeat:
      return Heartbeat{};
    case v1::FromProducer::kRecorded:
      return Recorded{to_vector<EventId>(message.recorded().event_id())};
    case v1::FromProducer::kRetry:
      return Retry{read(*message.mutable_retry()->mutable_events()), message.retry().replay()};
    case v1::FromProducer::kVerificationRecorded:
      return VerificationRecorded{message.verification_recorded().operation(),
                                  message.verification_recorded().topic()};
    case v1::FromProducer::MESSAGE_NOT_SET:
      break;
  }
  throw InvalidInput("an empty or unknown message from a producer");
}

}  // namespace mailboat
