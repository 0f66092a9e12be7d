#include "cli/task_filter.hpp"

#include "cli/parse_id.hpp"
#include "common/error.hpp"

namespace mailboat::cli {
namespace {

constexpr auto earlier_by = R"sql(
SELECT to_char((statement_timestamp() - make_interval(secs => $1::float8)) AT TIME ZONE 'UTC',
               'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
)sql";

// One point in time for all statements of a command: what it shows first is what it changes later.
std::optional<std::string> time_before_now(postgres::Connection& connection,
                                           const std::optional<std::chrono::milliseconds>& age) {
  if (!age) return std::nullopt;
  const auto seconds = std::to_string(std::chrono::duration<double>(*age).count());
  return std::string(connection.query(earlier_by, {seconds}).text(0, 0));
}

void require_text(const std::optional<std::string>& value, const char* name) {
  if (value && value->empty()) throw ConfigurationError(std::string(name) + ": the value is empty");
}

}  // namespace

// strpos() and not LIKE: what is looked for may hold % and _.
const char* const matching_tasks = R"sql(
FROM outbox.rejection r
JOIN outbox.subscription s ON s.name = r.subscription
LEFT JOIN outbox.event e ON e.txid = r.txid AND e.id = r.event_id
LEFT JOIN outbox.relation d ON d.txid = r.txid AND d.event_id = r.event_id
WHERE ($1::text IS NULL OR r.subscription = $1)
  AND ($2::bigint[] IS NULL OR r.event_id = ANY ($2))
  AND ($3::text[] IS NULL OR r.status = ANY ($3))
  AND ($4::text IS NULL OR coalesce(e.topic, d.topic) = $4)
  AND ($5::text IS NULL OR strpos(lower(r.last_error), lower($5)) > 0)
  AND ($6::timestamptz IS NULL OR r.first_failed_at <= $6)
  AND ($7::timestamptz IS NULL OR r.first_failed_at >= $7)
)sql";

postgres::Params filter_params(const TaskFilter& filter) {
  std::optional<std::string> ids;
  std::optional<std::string> statuses;
  if (!filter.ids.empty()) ids = id_array(filter.ids);
  if (!filter.statuses.empty()) statuses = postgres::array_literal(filter.statuses);
  return {filter.subscription, ids, statuses, filter.topic, filter.error, filter.refused_by,
          filter.refused_since};
}

std::string id_array(const std::vector<std::int64_t>& ids) {
  std::string text = "{";
  for (const auto id : ids) text += (text.size() > 1 ? "," : "") + std::to_string(id);
  return text + "}";
}

void FilterOptions::declare(CommandLine& line, bool name_required) {
  line.position({.name = "NAME", .value = "", .help = "The subscription", .required = name_required}, name_);
  line.position({.name = "ID", .value = "", .help = "Only these tasks"}, id_texts_);
  line.argument({.name = "topic", .value = "TOPIC", .help = "Only this topic"}, topic_);
  std::string usual;
  for (const auto& status : statuses_) usual += (usual.empty() ? "" : ",") + status;
  line.argument({.name = "status",
                 .value = "STATUS,...",
                 .help = "Only these; otherwise " + usual + ", and with ID any",
                 .choices = choices_},
                given_statuses_);
  line.argument({.name = "error", .value = "TEXT", .help = "Only where the last error contains TEXT"},
                error_);
  line.argument({.name = "older-than", .value = "AGE", .help = "Only first refused longer ago, e.g. 1h"},
                older_than_);
  line.argument({.name = "newer-than", .value = "AGE", .help = "Only first refused since then, e.g. 30min"},
                newer_than_);
  line.check([this] { read_ids(); });
}

void FilterOptions::read_ids() {
  for (const auto& text : id_texts_) ids_.push_back(parse_id(text, "the id of a task"));
  require_text(topic_, "--topic");
  require_text(error_, "--error");
}

bool FilterOptions::is_given() const {
  return !ids_.empty() || given_statuses_ || topic_ || error_ || older_than_ || newer_than_;
}

TaskFilter FilterOptions::resolve(postgres::Connection& connection) const {
  TaskFilter filter;
  if (!name_.empty()) filter.subscription = name_;
  filter.ids = ids_;
  filter.statuses = given_statuses_ ? *given_statuses_ : ids_.empty() ? statuses_ : choices_;
  filter.topic = topic_;
  filter.error = error_;
  filter.refused_by = time_before_now(connection, older_than_);
  filter.refused_since = time_before_now(connection, newer_than_);
  return filter;
}

}  // namespace mailboat::cli
