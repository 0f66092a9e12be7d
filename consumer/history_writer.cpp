#include "consumer/history_writer.hpp"

#include "consumer/event_time.hpp"
#include "consumer/target_sql.hpp"
#include "consumer/target_writer.hpp"

namespace mailboat::consumer {

HistoryWriter::HistoryWriter(SQLite::Database& database, TargetPlan plan)
    : plan_(std::move(plan)),
      row_(plan_.source),
      nothing_(plan_.source.size()),
      append_(database, consumer::append(plan_), plan_.source) {}

std::span<const Value> HistoryWriter::values(const Event& event, const char* buffer_end,
                                             std::span<const Value> decoded) {
  if (event.payload.empty()) return nothing_;
  return decoded.empty() ? std::span(row_.decode(event.payload, buffer_end)) : decoded;
}

bool HistoryWriter::append(const Event& event, const char* buffer_end, std::span<const Value> decoded) {
  if (event.op != Op::Truncate) require_payload(plan_.topic, event.payload);
  const auto time = event_time_text(event.created_at);
  append_.bind(values(event, buffer_end, decoded));
  append_.bind(":_event_id", static_cast<std::int64_t>(event.id));
  append_.bind(":_op", std::string_view(reinterpret_cast<const char*>(&event.op), 1));
  append_.bind(":_time", time);
  append_.bind(":_topic", event.topic);
  append_.bind(":_payload", event.payload);
  return append_.exec() > 0;
}

}  // namespace mailboat::consumer
