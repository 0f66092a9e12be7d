#include <algorithm>

#include "cli/operation_print.hpp"

namespace mailboat::cli {
namespace {

using Differences = std::vector<DifferenceStatus>;

void write_difference(JsonWriter& json, const DifferenceStatus& difference) {
  json.begin_object().key("kind").value(difference.kind).key("key").value(difference.key);
  json.key("columns").begin_array();
  for (const auto& column : difference.columns) json.value(column);
  json.end_array().key("repaired").value(difference.repaired);
  json.key("error").value(difference.error).end_object();
}

// How many are not listed follows from the counts.
void write_differences(JsonWriter& json, const TableStatus& table, const Differences& differences) {
  json.key("differences").begin_array();
  for (const auto& difference : differences) {
    if (difference.topic == table.topic) write_difference(json, difference);
  }
  json.end_array();
}

void write_table(JsonWriter& json, const TableStatus& table, const Differences* differences) {
  json.begin_object().key("topic").value(table.topic).key("status").value(table.status);
  json.key("rows").value(table.rows).key("estimated_rows").value(table.estimated_rows);
  json.key("missing").value(table.missing).key("extra").value(table.extra);
  json.key("different").value(table.different).key("repaired").value(table.repaired);
  json.key("verified_through").value(table.snapshot).key("started_at").value(table.started_at);
  json.key("finished_at").value(table.finished_at).key("error").value(table.error);
  if (differences != nullptr) write_differences(json, table, *differences);
  json.end_object();
}

void write_replay(JsonWriter& json, const ReplayStatus& replay) {
  json.begin_object().key("from_id").value(replay.from_id).key("to_id").value(replay.to_id);
  json.key("since").value(replay.since).key("until").value(replay.until).key("topic").value(replay.topic);
  json.key("key");
  replay.key ? json.json(*replay.key) : json.null();
  json.key("rate").value(replay.rate).key("last_id").value(replay.last_id);
  json.key("sent").value(replay.sent).key("applied").value(replay.applied);
  json.key("already_current").value(replay.superseded).key("rejected").value(replay.rejected);
  json.key("errors").begin_array();
  for (const auto& rejection : replay.errors) {
    json.begin_object().key("event_id").value(rejection.event_id);
    json.key("error").value(rejection.error).end_object();
  }
  json.end_array().end_object();
}

void write(JsonWriter& json, const OperationStatus& operation, const Differences* differences) {
  json.begin_object().key("id").value(operation.id).key("subscription").value(operation.subscription);
  json.key("kind").value(operation.kind).key("status").value(operation.status);
  json.key("repair").value(operation.repair).key("well").value(operation.is_well());
  json.key("requested_by").value(operation.requested_by).key("requested_at").value(operation.requested_at);
  json.key("started_at").value(operation.started_at).key("finished_at").value(operation.finished_at);
  json.key("cancelled_by").value(operation.cancelled_by).key("error").value(operation.error);
  json.key("tables").begin_array();
  for (const auto& table : operation.tables) write_table(json, table, differences);
  json.end_array().key("replay");
  operation.replay ? write_replay(json, *operation.replay) : static_cast<void>(json.null());
  json.end_object();
}

}  // namespace

void write_operation(JsonWriter& json, const OperationStatus& operation) { write(json, operation, nullptr); }

void print_operation_json(std::ostream& out, const OperationStatus& operation,
                          const Differences& differences) {
  JsonWriter json;
  write(json, operation, &differences);
  out << json.text() << '\n';
}

void print_operations_json(std::ostream& out, const std::vector<OperationStatus>& operations) {
  JsonWriter json;
  json.begin_object().key("operations").begin_array();
  for (const auto& operation : operations) write_operation(json, operation);
  json.end_array().end_object();
  out << json.text() << '\n';
}

}  // namespace mailboat::cli
