#include "producer/session_metrics.hpp"

#include <algorithm>
#include <utility>

namespace mailboat::producer {

SessionMetrics::SessionMetrics(ProducerMetrics& metrics, std::string subscription)
    : metrics_(metrics),
      subscription_(std::move(subscription)),
      here_(metrics.sessions.with({subscription_})),
      windows_(metrics.windows.with({subscription_})),
      rejections_(metrics.rejections.with({subscription_})),
      events_(metrics.events, metrics.event_bytes, {subscription_}) {
  here_.set(1);
}

void SessionMetrics::sent(const FromProducer& message) {
  if (const auto* frame = std::get_if<Frame>(&message)) return sent(*frame);
  if (const auto* retry = std::get_if<Retry>(&message)) return sent(*retry);
  if (const auto* recorded = std::get_if<Recorded>(&message)) rejections_.add(recorded->event_ids.size());
}

void SessionMetrics::sent(const Frame& frame) {
  events_.add(frame.events);
  if (frame.chunk && frame.chunk->purpose == LoadChunk::Purpose::Load)
    metrics_.loaded_rows.with({subscription_, frame.chunk->topic}).add(frame.chunk->rows.size());
  if (!frame.last) return;
  events_.count();
  windows_.add();
}

// The descriptions that go with them were not asked for.
void SessionMetrics::sent(const Retry& retry) {
  const auto& ops = retry.events.ops();
  const auto descriptions = std::count(ops.begin(), ops.end(), static_cast<char>(Op::Relation));
  const auto events = ops.size() - static_cast<std::size_t>(descriptions);
  (retry.replay == 0 ? metrics_.retries : metrics_.replays).with({subscription_}).add(events);
}

}  // namespace mailboat::producer
