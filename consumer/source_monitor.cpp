#include "consumer/source_monitor.hpp"

#include <system_error>
#include <utility>

namespace mailboat::consumer {
namespace {

constexpr std::chrono::seconds measure_interval{1};

double in_seconds(SourceMonitor::Clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// A reason may quote what was refused.
std::string as_one_line(std::string text) {
  for (auto& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

}  // namespace

SourceMonitor::SourceMonitor(ConsumerMetrics& metrics, Health& health, const Source& source,
                             const std::string& database)
    : metrics_(metrics),
      health_(health),
      labels_({source.name, source.subscription}),
      part_(source.name.empty() ? "" : "source " + source.name),
      log_(database + "-wal"),
      ready_(metrics.ready.with(labels_)),
      connected_(metrics.connected.with(labels_)),
      committed_(metrics.committed.with(labels_)),
      windows_(metrics.windows.with(labels_)),
      rejections_(metrics.rejections.with(labels_)),
      apply_seconds_(metrics.apply_seconds.with(labels_)),
      commit_seconds_(metrics.commit_seconds.with(labels_)),
      events_(metrics.events, metrics.event_bytes, labels_) {
  set_ready("no producer has answered yet");
}

void SourceMonitor::set_ready(const std::string& reason) {
  if (reason == reason_) return;
  health_.set(part_, reason);
  ready_.set(reason.empty() ? 1 : 0);
  reason_ = reason;
}

void SourceMonitor::connected(const std::string& producer) {
  events_.forget();
  apply_took_ = {};
  connected_.set(1);
  metrics_.sessions.with(labels_).add();
  set_ready("producer " + producer + " has answered, and its first window is being applied");
}

void SourceMonitor::frame_applied(const Frame& frame, Clock::duration took) {
  events_.add(frame.events);
  apply_took_ += took;
  if (frame.chunk && frame.chunk->purpose == LoadChunk::Purpose::Load)
    loaded_rows(frame.chunk->topic).add(frame.chunk->rows.size());
}

Counter SourceMonitor::loaded_rows(const std::string& topic) {
  auto labels = labels_;
  labels.push_back(topic);
  return metrics_.loaded_rows.with(labels);
}

void SourceMonitor::window_committed(Clock::duration commit_took, std::size_t rejections,
                                     const std::string& trouble) {
  events_.count();
  windows_.add();
  if (rejections > 0) rejections_.add(rejections);
  apply_seconds_.observe(in_seconds(std::exchange(apply_took_, {}) - commit_took));
  commit_seconds_.observe(in_seconds(commit_took));
  committed_.set(std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count());
  measure_log(Clock::now());
  if (trouble.empty()) {
    set_ready({});
  } else {
    set_ready("changes are applied, but " + as_one_line(trouble));
  }
}

void SourceMonitor::measure_log(Clock::time_point now) {
  if (now - measured_at_ < measure_interval) return;
  measured_at_ = now;
  std::error_code missing;
  const auto size = std::filesystem::file_size(log_, missing);
  metrics_.wal_bytes.with({}).set(missing ? 0 : static_cast<double>(size));
}

// Descriptions come along and are no events of anybody's.
void SourceMonitor::retried(const EventBatch& events, const Retried& retried) {
  auto outcome = retried.outcomes.begin();
  events.for_each([&](const Event& event) {
    auto labels = labels_;
    labels.emplace_back(result_name((outcome++)->result));
    if (event.op != Op::Relation) metrics_.retried.with(labels).add();
  });
}

void SourceMonitor::stalled() { set_ready("the rest of a window does not come"); }

void SourceMonitor::waits(const std::string& reason) {
  connected_.set(0);
  set_ready(as_one_line(reason));
}

void SourceMonitor::ended(const std::string& reason) {
  connected_.set(0);
  set_ready("it is not followed any more: " + as_one_line(reason));
}

}  // namespace mailboat::consumer
