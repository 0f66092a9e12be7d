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

constexpr auto identity_query = R"sql(
SELECT (SELECT system_identifier FROM pg_control_system()),
       (SELECT oid FROM pg_database WHERE datname = current_database()),
       ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint
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

SourceIdentity identify_source(postgres::Connection& connection) {
  const auto rows = connection.query(identity_query);
  return {rows.uint64(0, 0), static_cast<std::uint32_t>(rows.uint64(0, 1)),
          static_cast<std::uint32_t>(rows.uint64(0, 2))};
}

void require_continuable(const Cursor& cursor, const SourceIdentity& source, const Snapshot& current,
                         bool trust_failover) {
  const auto& from = cursor.source;
  if (from.system_identifier != source.system_identifier || from.database_oid != source.database_oid) {
    throw SessionRefused(
        RefusalCode::OtherSource,
        "the replica was filled from another PostgreSQL database (cluster " +
            std::to_string(from.system_identifier) + ", database oid " + std::to_string(from.database_oid) +
            "); this one is cluster " + std::to_string(source.system_identifier) + ", database oid " +
            std::to_string(source.database_oid) +
            ": its transaction ids mean something else. Check --producer, or fill a new SQLite file "
            "from this source");
  }
  if (from.timeline != source.timeline && !trust_failover) {
    throw SessionRefused(
        RefusalCode::TimelineChanged,
        "the source has been promoted since (timeline " + std::to_string(from.timeline) + " is now " +
            std::to_string(source.timeline) +
            "): commits that the replica has may be gone there. Where replication is synchronous, "
            "start mailboat-producer with --trust-failover; otherwise fill a new SQLite file");
  }
  if (cursor.snapshot.xmax() > current.xmax()) {
    throw SessionRefused(RefusalCode::SourceWentBack,
                         "the source went back in time: the replica has it as of " +
                             cursor.snapshot.to_string() + ", but it is now at " + current.to_string() +
                             " (restored from a backup?). Fill a new SQLite file");
  }
}

}  // namespace mailboat::producer
