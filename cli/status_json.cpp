#include "cli/json.hpp"
#include "cli/operation_print.hpp"
#include "cli/status_print.hpp"

namespace mailboat::cli {
namespace {

void write_topics(JsonWriter& json, const std::optional<std::vector<std::string>>& topics) {
  json.key("topics");
  if (!topics) {
    json.null();
    return;
  }
  json.begin_array();
  for (const auto& topic : *topics) json.value(topic);
  json.end_array();
}

void write_columns(JsonWriter& json, const std::vector<ColumnList>& lists) {
  json.key("columns").begin_object();
  for (const auto& list : lists) {
    json.key(list.topic).begin_array();
    for (const auto& column : list.columns) json.value(column);
    json.end_array();
  }
  json.end_object();
}

void write_load(JsonWriter& json, const std::optional<LoadStatus>& load) {
  json.key("load");
  if (!load) {
    json.null();
    return;
  }
  json.begin_object().key("topic").value(load->topic).key("rows").value(load->rows);
  json.key("estimated_rows")
      .value(load->estimated_rows)
      .key("tables_left")
      .value(load->tables_left)
      .key("rows_per_second")
      .value(load->rows_per_second)
      .key("seconds_left")
      .value(load->seconds_left)
      .end_object();
}

void write_trouble(JsonWriter& json, const std::optional<Trouble>& trouble) {
  json.key("trouble");
  if (trouble) {
    json.value(trouble->text).key("trouble_seconds").value(trouble->seconds);
  } else {
    json.null().key("trouble_seconds").null();
  }
}

void write_tables(JsonWriter& json, const std::vector<VerifiedTable>& tables) {
  json.key("tables").begin_array();
  for (const auto& table : tables) {
    json.begin_object().key("topic").value(table.topic).key("verified_at").value(table.verified_at);
    json.key("verified_through").value(table.verified_through).end_object();
  }
  json.end_array();
}

void write_operations(JsonWriter& json, const SubscriptionStatus& status, const StatusReport& report) {
  json.key("operations").begin_array();
  for (const auto& operation : report.operations) {
    if (operation.subscription == status.name) write_operation(json, operation);
  }
  json.end_array();
}

void write_log(JsonWriter& json, const LogStatus& log) {
  json.key("log").begin_object().key("bytes").value(log.bytes).key("partitions").value(log.partitions);
  json.key("kept").value(log.is_kept).key("held").begin_array();
  for (const auto& holder : log.holders) {
    json.begin_object().key("subscription").value(holder.subscription).key("what").value(holder.what);
    json.key("bytes").value(holder.bytes).end_object();
  }
  json.end_array().end_object();
}

}  // namespace

void print_status_json(std::ostream& out, const StatusReport& report) {
  JsonWriter json;
  json.begin_object().key("subscriptions").begin_array();
  for (const auto& status : report.subscriptions) {
    json.begin_object().key("name").value(status.name).key("state").value(status.state);
    json.key("start").value(status.start);
    write_topics(json, status.topics);
    write_columns(json, status.columns);
    json.key("connected").value(status.connected);
    json.key("lag_events").value(status.lag_events).key("lag_seconds").value(status.lag_seconds);
    json.key("acked_at").value(status.acked_at).key("acked_event_id").value(status.acked_event_id);
    write_load(json, status.load);
    json.key("tasks_retrying").value(status.tasks.retrying).key("tasks_failed").value(status.tasks.failed);
    json.key("oldest_task_seconds").value(status.tasks.oldest_seconds);
    write_trouble(json, status.trouble);
    json.key("load_reason");
    status.needed_load ? json.value(status.needed_load->text) : json.null();
    write_operations(json, status, report);
    write_tables(json, status.tables);
    json.end_object();
  }
  json.end_array();
  write_log(json, report.log);
  json.end_object();
  out << json.text() << '\n';
}

}  // namespace mailboat::cli
