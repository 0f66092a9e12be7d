#include "cli/cmd_status.hpp"

#include <algorithm>

#include "cli/json.hpp"
#include "cli/text_table.hpp"
#include "producer/subscription_status.hpp"

namespace mailboat::cli {
namespace {

std::string load_text(const SubscriptionStatus& status) {
  if (!status.load) return status.start == "load" && !status.acked_at ? "not begun" : "-";
  const auto& load = *status.load;
  auto text = load.topic + " " + grouped(load.rows);
  if (load.estimated_rows > 0) {
    const auto percent = std::min<std::int64_t>(100 * load.rows / load.estimated_rows, 99);
    text += " of about " + grouped(load.estimated_rows) + " (" + std::to_string(percent) + " %)";
  }
  if (load.tables_left > 0) text += ", then " + std::to_string(load.tables_left) + " more";
  return text;
}

std::string acknowledged_text(const SubscriptionStatus& status) {
  if (!status.seconds_since_ack) return "never";
  const auto ago = rough_duration(std::max(*status.seconds_since_ack, 0.0)) + " ago";
  return status.acked_event_id == 0 ? ago : ago + ", event " + grouped(status.acked_event_id);
}

std::string tasks_text(const OpenTasks& tasks) {
  std::string text;
  if (tasks.retrying > 0) text = grouped(tasks.retrying) + " retrying";
  if (tasks.failed > 0) text += (text.empty() ? "" : ", ") + grouped(tasks.failed) + " failed";
  if (!tasks.oldest_seconds) return "-";
  return text + ", oldest " + rough_duration(std::max(*tasks.oldest_seconds, 0.0));
}

void print_trouble(std::ostream& out, const std::string& what, const std::optional<Trouble>& trouble) {
  if (!trouble) return;
  out << what << trouble->text << " (since " << rough_duration(std::max(trouble->seconds, 0.0)) << ")\n";
}

void print_human(std::ostream& out, const std::vector<SubscriptionStatus>& all) {
  if (all.empty()) {
    out << "There is no subscription yet. Make one with: mailboat subscribe NAME\n";
    return;
  }
  std::vector<std::vector<std::string>> rows{
      {"NAME", "STATE", "CONSUMER", "LAG", "BEHIND", "ACKNOWLEDGED", "TASKS", "LOAD"}};
  for (const auto& status : all) {
    rows.push_back({status.name, status.state, status.connected ? "connected" : "away",
                    grouped(status.lag_events) + (status.lag_events == 1 ? " event" : " events"),
                    rough_duration(status.lag_seconds), acknowledged_text(status), tasks_text(status.tasks),
                    load_text(status)});
  }
  print_table(out, rows);
  for (const auto& status : all) {
    print_trouble(out, status.name + ": ", status.trouble);
    print_trouble(out, status.name + ": every table is to be loaded: ", status.needed_load);
  }
}

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

// Keys are only ever added: scripts read this.
void print_json(std::ostream& out, const std::vector<SubscriptionStatus>& all) {
  JsonWriter json;
  json.begin_object().key("subscriptions").begin_array();
  for (const auto& status : all) {
    json.begin_object().key("name").value(status.name).key("state").value(status.state);
    json.key("start").value(status.start);
    write_topics(json, status.topics);
    json.key("connected").value(status.connected);
    json.key("lag_events").value(status.lag_events).key("lag_seconds").value(status.lag_seconds);
    json.key("acked_at").value(status.acked_at).key("acked_event_id").value(status.acked_event_id);
    write_load(json, status.load);
    json.key("tasks_retrying").value(status.tasks.retrying).key("tasks_failed").value(status.tasks.failed);
    json.key("oldest_task_seconds").value(status.tasks.oldest_seconds);
    write_trouble(json, status.trouble);
    json.key("load_reason");
    status.needed_load ? json.value(status.needed_load->text) : json.null();
    json.end_object();
  }
  json.end_array().end_object();
  out << json.text() << '\n';
}

class Status : public Command {
 public:
  void declare(CommandLine& line) override {
    line.argument({.name = "json", .value = "", .help = "Print JSON, for scripts"}, json_);
  }

  ExitCode run(const Context& context) override {
    auto connection = connect_to_outbox(context);
    const auto all = read_subscription_status(connection);
    if (json_) {
      print_json(context.terminal.out, all);
    } else {
      print_human(context.terminal.out, all);
    }
    return ExitCode::Done;
  }

 private:
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_status() { return std::make_unique<Status>(); }

}  // namespace mailboat::cli
