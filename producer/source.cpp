#include "producer/source.hpp"

#include "common/log.hpp"
#include "migrations/migrator.hpp"

namespace mailboat::producer {
namespace {

// The first group makes a loaded row's text equal to the captured one's (see migrations: SET clauses of the
// capture functions). The second keeps the planner on the log's index whatever the statistics say, and plans
// for reading everything. The third keeps a server-wide setting from ending our sessions or making us hold up
// somebody's DDL. row_security = off makes a table that we may see only part of an error instead of a short
// load.
constexpr auto session_settings = R"sql(
SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex';
SET extra_float_digits = 1; SET lc_monetary = 'C'; SET search_path = pg_catalog, pg_temp; SET client_encoding = 'UTF8';
SET enable_seqscan = off; SET cursor_tuple_fraction = 1.0; SET work_mem = '64MB'; SET jit = off;
SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '200ms';
SET row_security = off
)sql";

constexpr auto state_query = R"sql(
SELECT (SELECT system_identifier FROM pg_control_system()),
       (SELECT oid FROM pg_database WHERE datname = current_database()),
       ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint,
       pg_current_snapshot(), (SELECT last_value FROM outbox.event_id)
)sql";

}  // namespace

postgres::Connection connect_to_source(const std::string& conninfo, const std::string& application_name) {
  postgres::Connection connection(conninfo, application_name);
  migrations::require_supported_server(connection);
  migrations::require_current_schema(connection);
  connection.query(session_settings);
  return connection;
}

void require_suitable_source(const std::string& conninfo) {
  try {
    connect_to_source(conninfo, "mailboat-producer");
  } catch (const postgres::ConnectionLost& error) {
    log::warn("PostgreSQL is away; consumers will be served when it is back", {{"error", error.what()}});
  }
}

SourceState look_at_source(postgres::Connection& connection) {
  const auto rows = connection.query(state_query);
  return {{rows.uint64(0, 0), static_cast<std::uint32_t>(rows.uint64(0, 1)),
           static_cast<std::uint32_t>(rows.uint64(0, 2))},
          Snapshot::parse(rows.text(0, 3)),
          rows.uint64(0, 4)};
}

}  // namespace mailboat::producer
