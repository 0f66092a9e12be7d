#include "cli/task_print.hpp"

#include "cli/json.hpp"
#include "cli/shortened.hpp"
#include "cli/text_table.hpp"
#include "common/characters.hpp"

namespace mailboat::cli {
namespace {

constexpr std::size_t error_width = 70;

std::string or_dash(const std::optional<std::string>& text) { return text ? printable(*text) : "-"; }

std::string status_text(const Task& task) {
  if (task.compensated_at && !task.compensation_error) return task.status + ", compensated";
  if (task.compensation_error) return task.status + ", not compensated";
  return task.superseded ? task.status + ", superseded" : task.status;
}

std::string retries_text(const Task& task) {
  return std::to_string(task.retry_count) + " of " + std::to_string(task.max_attempts);
}

std::string next_text(const Task& task) {
  if (!task.until_next) return "-";
  return *task.until_next <= 0 ? "due" : "in " + rough_duration(*task.until_next);
}

std::string op_text(const std::string& op) {
  if (op == "I") return "I (insert)";
  if (op == "U") return "U (update)";
  if (op == "D") return "D (delete)";
  if (op == "T") return "T (truncate)";
  return op == "R" ? "R (description of the table)" : printable(op);
}

std::string compensation_text(const Task& task) {
  if (task.compensation_error) return "failed: " + printable(*task.compensation_error);
  return "done at " + or_dash(task.compensated_at);
}

// Name and value on each line; what does not apply is left out.
class Fields {
 public:
  void add(const std::string& name, const std::optional<std::string>& value) {
    if (value) rows_.push_back({name, printable(*value)});
  }
  void print(std::ostream& out) const { print_table(out, rows_); }

 private:
  std::vector<std::vector<std::string>> rows_;
};

void add_state(Fields& fields, const Task& task) {
  fields.add("status",
             task.superseded ? "completed: superseded, the row had moved on meanwhile" : task.status);
  if (!task.first_failed_at) return;
  fields.add("retries", retries_text(task));
  fields.add("first refused", *task.first_failed_at + " (" + rough_duration(task.age) + " ago)");
  if (task.next_attempt_at) fields.add("next attempt", *task.next_attempt_at + " (" + next_text(task) + ")");
  fields.add("failed", task.failed_at);
  fields.add("completed", task.completed_at);
  fields.add("last error", task.last_error);
  if (task.compensated_at || task.compensation_error) fields.add("compensation", compensation_text(task));
  if (task.decided_by) fields.add("decided by", *task.decided_by + ", " + or_dash(task.decided_at));
}

void print_history(std::ostream& out, const std::vector<HistoryEntry>& history) {
  if (history.empty()) return;
  std::vector<std::vector<std::string>> rows;
  for (const auto& entry : history) {
    auto text = entry.detail ? printable(*entry.detail) : "";
    if (entry.decided_by) text += (text.empty() ? "by " : ", by ") + printable(*entry.decided_by);
    rows.push_back({"  " + entry.at, entry.what});
    if (!text.empty()) rows.back().push_back(text);
  }
  out << "history\n";
  print_table(out, rows);
}

void write_state(JsonWriter& json, const Task& task) {
  json.key("status").value(task.status).key("retry_count").value(task.retry_count);
  json.key("max_attempts").value(task.max_attempts).key("last_error").value(task.last_error);
  json.key("created_at").value(task.created_at).key("first_failed_at").value(task.first_failed_at);
  json.key("next_attempt_at").value(task.next_attempt_at).key("failed_at").value(task.failed_at);
  json.key("completed_at").value(task.completed_at).key("superseded").value(task.superseded);
  json.key("compensated_at").value(task.compensated_at);
  json.key("compensation_error").value(task.compensation_error);
  json.key("decided_by").value(task.decided_by).key("decided_at").value(task.decided_at);
}

// Keys are only ever added: scripts read this.
void write_task(JsonWriter& json, const Task& task) {
  json.key("subscription").value(task.subscription).key("id").value(task.id).key("txid").value(task.txid);
  json.key("topic").value(task.topic).key("op").value(task.op);
  write_state(json, task);
}

}  // namespace

std::string tasks(std::int64_t count) { return grouped(count) + (count == 1 ? " task" : " tasks"); }

void print_tasks(std::ostream& out, const TaskList& list) {
  if (list.tasks.empty()) {
    out << "no task matches\n";
    return;
  }
  std::vector<std::vector<std::string>> rows{
      {"ID", "SUBSCRIPTION", "TOPIC", "OP", "STATUS", "RETRIES", "NEXT ATTEMPT", "AGE", "ERROR"}};
  for (const auto& task : list.tasks) {
    rows.push_back({std::to_string(task.id), task.subscription, or_dash(task.topic), or_dash(task.op),
                    status_text(task), retries_text(task), next_text(task), rough_duration(task.age),
                    task.last_error ? shortened(*task.last_error, error_width) : "-"});
  }
  print_table(out, rows);
  if (list.more > 0) out << "and " << grouped(list.more) << " more\n";
}

void print_tasks_json(std::ostream& out, const TaskList& list) {
  JsonWriter json;
  json.begin_object().key("tasks").begin_array();
  for (const auto& task : list.tasks) {
    json.begin_object();
    write_task(json, task);
    json.end_object();
  }
  json.end_array().key("more").value(list.more).end_object();
  out << json.text() << '\n';
}

void print_details(std::ostream& out, const TaskDetails& details) {
  const auto& task = details.task;
  Fields fields;
  fields.add("task", std::to_string(task.id) + " of subscription " + task.subscription);
  fields.add("topic", task.topic);
  if (task.op) fields.add("op", op_text(*task.op));
  fields.add("transaction", task.txid);
  fields.add("created", task.created_at);
  add_state(fields, task);
  if (!task.topic) fields.add("payload", "the event is no longer in the log");
  fields.print(out);
  if (details.payload) out << "payload\n  " << indented_json(*details.payload, 1) << '\n';
  print_history(out, details.history);
}

void print_details_json(std::ostream& out, const TaskDetails& details) {
  JsonWriter json;
  json.begin_object();
  write_task(json, details.task);
  json.key("payload");
  details.payload ? json.json(*details.payload) : json.null();
  json.key("history").begin_array();
  for (const auto& entry : details.history) {
    json.begin_object().key("at").value(entry.at).key("what").value(entry.what);
    json.key("detail").value(entry.detail).key("decided_by").value(entry.decided_by).end_object();
  }
  json.end_array().end_object();
  out << json.text() << '\n';
}

}  // namespace mailboat::cli
