#include "producer/log_status.hpp"

namespace mailboat {
namespace {

// 1835162484, 3 is the lock of whoever keeps the log.
constexpr auto status_query = R"sql(
SELECT sum(bytes)::bigint, count(*) FILTER (WHERE NOT empty), bool_or(from_id IS NULL AND NOT empty),
       EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
               WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database()
                 AND l.classid = 1835162484 AND l.objid = 3 AND l.objsubid = 2),
       (SELECT last_value FROM outbox.event_id)
FROM outbox.log_partitions()
)sql";

}  // namespace

LogStatus read_log_status(postgres::Connection& connection) {
  const auto log = connection.query(status_query);
  LogStatus status{log.int64(0, 0), log.int64(0, 1), log.boolean(0, 2), log.boolean(0, 3), {},
                   log.int64(0, 4)};
  const auto rows =
      connection.query("SELECT subscription, what, bytes FROM outbox.held() ORDER BY bytes DESC");
  for (int row = 0; row < rows.size(); ++row) {
    status.holders.push_back(
        {std::string(rows.text(row, 0)), std::string(rows.text(row, 1)), rows.int64(row, 2)});
  }
  return status;
}

}  // namespace mailboat
