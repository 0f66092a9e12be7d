#include "cli/replay_plan.hpp"

#include <numeric>

#include "cli/json.hpp"
#include "cli/text_table.hpp"
#include "common/characters.hpp"

namespace mailboat::cli {
namespace {

// What the subscription has not acknowledged comes anyway.
constexpr auto count_query = R"sql(
SELECT e.topic, e.op, count(*)
FROM outbox.subscription s
CROSS JOIN LATERAL outbox.taken(s) k
JOIN outbox.event e ON pg_visible_in_snapshot(e.txid, s.snapshot)
WHERE s.name = $1 AND (s.topics IS NULL OR e.topic = ANY (k.topics)) AND e.op <> 'R'
  AND ($2::bigint IS NULL OR e.id >= $2::bigint) AND ($3::bigint IS NULL OR e.id <= $3::bigint)
  AND ($4::timestamptz IS NULL OR e.created_at >= $4::timestamptz)
  AND ($5::timestamptz IS NULL OR e.created_at <= $5::timestamptz)
  AND ($6::text IS NULL OR e.topic = $6::text)
  AND ($7::jsonb IS NULL OR NOT EXISTS (
         SELECT FROM jsonb_each_text($7::jsonb) k WHERE e.payload ->> k.key IS DISTINCT FROM k.value))
GROUP BY e.topic, e.op ORDER BY e.topic, e.op
)sql";

constexpr auto oldest_query = R"sql(
SELECT b.id, to_char(b.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
       NOT (b.id > coalesce($1::bigint, 1) AND coalesce(b.created_at > $2::timestamptz, true))
FROM outbox.log_begins() b WHERE b.id IS NOT NULL
)sql";

std::string op_name(const std::string& op) {
  if (op == "I") return "insert";
  if (op == "U") return "update";
  return op == "D" ? "delete" : "truncate";
}

}  // namespace

std::int64_t ReplayPlan::events() const {
  return std::accumulate(parts.begin(), parts.end(), std::int64_t{0},
                         [](auto sum, const auto& part) { return sum + part.events; });
}

ReplayPlan read_plan(postgres::Connection& connection, const ReplayRequest& request) {
  postgres::Transaction transaction(connection, postgres::Transaction::Kind::RepeatableReadOnly);
  ReplayPlan plan;
  const auto params = replay_params(request);
  const auto counts = transaction.query(count_query, params);
  for (int row = 0; row < counts.size(); ++row) {
    plan.parts.push_back(
        {std::string(counts.text(row, 0)), std::string(counts.text(row, 1)), counts.int64(row, 2)});
  }
  const auto oldest = transaction.query(oldest_query, {params[1], params[3]});
  if (!oldest.empty()) {
    plan.oldest = {oldest.int64(0, 0), std::string(oldest.text(0, 1))};
    plan.reaches_back = oldest.boolean(0, 2);
  }
  transaction.rollback();
  return plan;
}

void print_plan(std::ostream& out, const ReplayPlan& plan) {
  std::vector<std::vector<std::string>> rows{{"TOPIC", "OP", "EVENTS"}};
  for (const auto& part : plan.parts)
    rows.push_back({printable(part.topic), op_name(part.op), grouped(part.events)});
  print_table(out, rows);
}

void print_plan_json(std::ostream& out, const ReplayPlan& plan) {
  JsonWriter json;
  json.begin_object().key("events").value(plan.events()).key("parts").begin_array();
  for (const auto& part : plan.parts) {
    json.begin_object().key("topic").value(part.topic).key("op").value(part.op);
    json.key("events").value(part.events).end_object();
  }
  json.end_array().key("reaches_back").value(plan.reaches_back).key("oldest_id");
  plan.oldest ? json.value(plan.oldest->id) : json.null();
  json.key("oldest_at");
  plan.oldest ? json.value(plan.oldest->at) : json.null();
  json.end_object();
  out << json.text() << '\n';
}

std::string topic_hint(postgres::Connection& connection, const ReplayRequest& request) {
  if (!request.topic) return "";
  const auto rows = connection.query(
      "SELECT topic FROM outbox.tracked WHERE right(topic, length($1) + 1) = '.' || $1 ORDER BY topic LIMIT "
      "1",
      {request.topic});
  if (rows.empty()) return "";
  return "; a table's topic begins with its schema: --topic " + std::string(rows.text(0, 0));
}

std::string not_retained(const ReplayPlan& plan, const ReplayRequest& request) {
  const auto remedy = ". What is older has to be read from the tables: mailboat load " +
                      request.subscription + (request.topic ? " --tables " + *request.topic : "");
  if (!plan.oldest) return "the log is empty" + remedy;
  if (plan.reaches_back) return "";
  return "the log begins with event " + std::to_string(plan.oldest->id) + " of " + plan.oldest->at + remedy;
}

}  // namespace mailboat::cli
