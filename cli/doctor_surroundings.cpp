#include "cli/doctor.hpp"
#include "cli/status_print.hpp"
#include "cli/text_table.hpp"

namespace mailboat::cli {
namespace {

std::string age_limit(const Limits& limits) { return std::to_string(limits.transaction_age.count()); }

// Members that have its rights without SET ROLE, which the producer does not use: PostgreSQL 16 and later
// also list here whoever created the role, only to administer it.
Finding check_producer_role(postgres::Connection& connection) {
  const auto rows = connection.query(R"sql(
    SELECT coalesce(string_agg(m.member::regrole::text, ', ' ORDER BY m.member::regrole::text), '')
    FROM pg_roles r LEFT JOIN pg_auth_members m ON m.roleid = r.oid AND pg_has_role(m.member, r.oid, 'USAGE')
    WHERE r.rolname = 'outbox_producer' GROUP BY r.oid)sql");
  if (rows.empty()) {
    return {Severity::Warning, "producer role", "the role outbox_producer does not exist",
            "As a role with CREATEROLE: CREATE ROLE outbox_producer, then run mailboat track again for each "
            "table. Or "
            "let the producer connect as the role that ran mailboat migrate."};
  }
  const std::string members(rows.text(0, 0));
  if (!members.empty()) return {Severity::Ok, "producer role", "members of outbox_producer: " + members, {}};
  return {Severity::Ok,
          "producer role",
          "outbox_producer has no member yet; superusers can run the producer too",
          {}};
}

Finding check_event_triggers(postgres::Connection& connection) {
  const auto rows = connection.query(R"sql(
    SELECT count(*), count(*) FILTER (WHERE e.evtenabled = 'D')
    FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid WHERE p.pronamespace = 'outbox'::regnamespace)sql");
  if (rows.int64(0, 0) == 0) {
    return {Severity::Warning, "event triggers",
            "schema changes are not followed: no superuser has installed the event triggers",
            "After each ALTER TABLE of a tracked table run mailboat track TABLE again."};
  }
  if (rows.int64(0, 1) == 0) return {Severity::Ok, "event triggers", "schema changes are followed", {}};
  return {
      Severity::Problem, "event triggers", "event triggers of the schema outbox are disabled",
      "As a superuser: ALTER EVENT TRIGGER ... ENABLE ALWAYS for those that \\dy in psql shows as disabled."};
}

Finding check_wake_up(postgres::Connection& connection) {
  const auto rows = connection.query("SELECT current_setting('max_prepared_transactions')");
  if (rows.text(0, 0) == "0") return {Severity::Ok, "wake-up", "commits wake the producer", {}};
  return {Severity::Warning, "wake-up",
          "max_prepared_transactions = " + std::string(rows.text(0, 0)) +
              ", so commits cannot wake a sleeping producer: it polls",
          "Set it to 0 if no application prepares transactions; otherwise the producer's poll_interval_max "
          "is the delay."};
}

void check_long_transactions(postgres::Connection& connection, const Limits& limits, Findings& findings) {
  const auto rows = connection.query(R"sql(
    SELECT pid, coalesce(usename, '?'), coalesce(nullif(application_name, ''), 'no application name'),
           extract(epoch FROM now() - xact_start)::bigint
    FROM pg_stat_activity
    WHERE datname = current_database() AND xact_start < now() - make_interval(secs => $1::int) AND pid <> pg_backend_pid()
    ORDER BY xact_start LIMIT 10)sql",
                                     {age_limit(limits)});
  for (int row = 0; row < rows.size(); ++row) {
    const std::string pid(rows.text(row, 0));
    findings.push_back({Severity::Warning, "long transaction",
                        "process " + pid + " (" + std::string(rows.text(row, 1)) + ", " +
                            std::string(rows.text(row, 2)) + ") has had a transaction open for " +
                            rough_duration(static_cast<double>(rows.int64(row, 3))) +
                            ": its own changes wait for its commit, and VACUUM cannot clean up what is newer",
                        "Let it commit, or end it: SELECT pg_terminate_backend(" + pid + ")"});
  }
  if (rows.empty()) findings.push_back({Severity::Ok, "long transaction", "none has been open for long", {}});
}

void check_prepared_transactions(postgres::Connection& connection, const Limits& limits, Findings& findings) {
  const auto rows = connection.query(R"sql(
    SELECT quote_literal(gid), owner, extract(epoch FROM now() - prepared)::bigint FROM pg_prepared_xacts
    WHERE database = current_database() AND prepared < now() - make_interval(secs => $1::int) ORDER BY prepared LIMIT 10)sql",
                                     {age_limit(limits)});
  for (int row = 0; row < rows.size(); ++row) {
    const std::string gid(rows.text(row, 0));
    findings.push_back({Severity::Warning, "prepared transaction",
                        gid + " of " + std::string(rows.text(row, 1)) + " was left prepared " +
                            rough_duration(static_cast<double>(rows.int64(row, 2))) +
                            " ago: its changes are not delivered, and the producer cannot sleep",
                        "COMMIT PREPARED " + gid + " or ROLLBACK PREPARED " + gid});
  }
  if (rows.empty()) findings.push_back({Severity::Ok, "prepared transaction", "none was left behind", {}});
}

Finding check_retained(const LogStatus& log, const Limits& limits) {
  if (log.bytes < limits.retained_bytes) return {Severity::Ok, "retained", log_line(log), {}};
  return {Severity::Warning, "retained", log_line(log),
          "Start the consumers of those that keep it, or unsubscribe them; decide about open tasks. The "
          "producer's retention and max_retained_bytes say how much may stay."};
}

Finding check_kept(const LogStatus& log) {
  if (log.default_in_use) {
    return {Severity::Warning, "log partitions",
            "the DEFAULT partition of the log holds events, which do not leave it",
            "A producer that runs makes an ordinary one of it within minutes; if not, its log says why."};
  }
  if (log.is_kept) return {Severity::Ok, "log partitions", "a producer keeps them", {}};
  return {Severity::Note, "log partitions", "no producer is there that would let old events go", {}};
}

}  // namespace

Findings check_surroundings(postgres::Connection& connection, const Limits& limits) {
  Findings findings{check_producer_role(connection), check_event_triggers(connection),
                    check_wake_up(connection)};
  check_long_transactions(connection, limits, findings);
  check_prepared_transactions(connection, limits, findings);
  const auto log = read_log_status(connection);
  findings.push_back(check_retained(log, limits));
  findings.push_back(check_kept(log));
  return findings;
}

}  // namespace mailboat::cli
