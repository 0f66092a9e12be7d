#include "producer/load_request.hpp"

namespace mailboat::producer {
namespace {

constexpr std::chrono::seconds shortest_interval{1};

constexpr auto fulfil_statement =
    "UPDATE outbox.subscription SET state = 'active', load_reason = NULL, load_required_at = NULL,"
    " reset_cursor = false"
    " WHERE id = $1::int AND state = 'needs_load' AND coalesce(load_required_at::text, '') = $2";

constexpr auto name_query =
    "SELECT coalesce(load_required_at::text, '') FROM outbox.subscription"
    " WHERE id = $1::int AND state = 'needs_load'";

}  // namespace

void LoadRequest::fulfil() {
  connection_.query(fulfil_statement, {std::to_string(subscription_), name_});
  name_.reset();
}

bool LoadRequest::is_new() {
  const auto now = Clock::now();
  if (!may_be_new_ || now - asked_at_ < shortest_interval) return false;
  may_be_new_ = false;
  asked_at_ = now;
  const auto rows = connection_.query_prepared(name_query, {std::to_string(subscription_)});
  return !rows.empty() && name_ != rows.text(0, 0);
}

}  // namespace mailboat::producer
