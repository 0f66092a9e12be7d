#include "producer/retained_log.hpp"

namespace mailboat::producer {
namespace {

constexpr auto hold_statement =
    "UPDATE outbox.subscription SET snapshot = $2::pg_snapshot, released = false"
    " WHERE id = $1::int AND (released OR snapshot::text <> $2)";

constexpr auto lost_query =
    "SELECT EXISTS (SELECT FROM outbox.truncated t WHERE NOT outbox.covers($1::pg_snapshot, t.snapshot))";

constexpr auto require_load_statement =
    "UPDATE outbox.subscription SET state = 'needs_load', load_required_at = clock_timestamp(), load_reason "
    "= "
    "'the log does not have everything any more that was committed since its replica''s position'"
    " WHERE id = $1::int";

}  // namespace

void hold_log(postgres::Connection& connection, const Subscription& subscription, const Snapshot& from) {
  connection.query(hold_statement,
                   {std::to_string(subscription.id), common_part(subscription.snapshot, from).to_string()});
}

bool has_left_log(postgres::Connection& connection, const Snapshot& from) {
  return connection.query(lost_query, {from.to_string()}).boolean(0, 0);
}

void require_load(postgres::Connection& connection, const Subscription& subscription) {
  connection.query(require_load_statement, {std::to_string(subscription.id)});
}

}  // namespace mailboat::producer
