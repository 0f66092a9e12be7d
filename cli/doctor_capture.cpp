#include "cli/doctor.hpp"
#include "cli/sentence.hpp"

namespace mailboat::cli {
namespace {

// One row for each tracked table. The events of a trigger are bits of tgtype: 4 INSERT, 8 DELETE, 16 UPDATE,
// 32 TRUNCATE (source: PostgreSQL, catalog/pg_trigger.h); enabled is 'O' (origin) or 'A' (always).
constexpr auto audit_query = R"sql(
SELECT t.topic, c.oid IS NULL,
       coalesce(fired.events & 28, 0) = 28, coalesce(fired.events & 32, 0) = 32, t.blind,
       c.oid IS NOT NULL AND outbox.key_index(t.relation, t.key) IS NOT NULL
         AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.relation AND a.attname::text = ANY (t.key)
                         AND NOT a.attnotnull),
       outbox.last_description(t.topic) IS NOT DISTINCT FROM outbox.describe(t.relation, t.key, t.exclude)
         AND NOT outbox.forms_differ(t.forms, outbox.forms_of(t.relation, t.key, t.exclude)),
       CASE WHEN c.oid IS NULL THEN t.topic ELSE format('%I.%I', n.nspname, c.relname) END, array_to_string(t.key, ','), array_to_string(t.exclude, ','),
       t.capture
FROM outbox.tracked t
LEFT JOIN pg_class c ON c.oid = t.relation
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
  SELECT bit_or(g.tgtype::int) AS events FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
  WHERE g.tgrelid = t.relation AND p.pronamespace = 'outbox'::regnamespace AND g.tgenabled IN ('O', 'A')) fired ON true
ORDER BY t.topic
)sql";

struct Audit {
  std::string topic;
  bool dropped, rows_captured, truncate_captured, blind, key_unique, described;
  std::string table, key, exclude, capture;
};

Audit read_audit(const postgres::Rows& rows, int row) {
  return {std::string(rows.text(row, 0)), rows.boolean(row, 1),           rows.boolean(row, 2),
          rows.boolean(row, 3),           rows.boolean(row, 4),           rows.boolean(row, 5),
          rows.boolean(row, 6),           std::string(rows.text(row, 7)), std::string(rows.text(row, 8)),
          std::string(rows.text(row, 9)), std::string(rows.text(row, 10))};
}

// New triggers, and an event that makes replicas load the table again: for when changes may have been missed.
std::string start_over(const Audit& audit) {
  const auto table = shell_word(audit.table);
  auto command =
      "mailboat untrack " + table + " && mailboat track " + table + " --key " + shell_word(audit.key);
  if (!audit.exclude.empty()) command += " --exclude " + shell_word(audit.exclude);
  return command + " --capture " + audit.capture + " (replicas load the table again)";
}

void check_table(const Audit& audit, Findings& findings) {
  const auto before = findings.size();
  const auto track_again = "mailboat track " + shell_word(audit.table);
  const auto problem = [&](const std::string& text, const std::string& remedy) {
    findings.push_back({Severity::Problem, "capture", audit.topic + ": " + text, remedy});
  };
  if (audit.dropped) {
    problem("the table is gone",
            "As the owner of the schema: DELETE FROM outbox.tracked WHERE topic = '" + audit.topic + "'");
    return;
  }
  if (!audit.rows_captured)
    problem("capture triggers are missing or disabled: changes get lost", start_over(audit));
  if (!audit.truncate_captured) {
    problem("the TRUNCATE trigger is missing or disabled: a TRUNCATE gets lost", start_over(audit));
  }
  if (!audit.key_unique) {
    problem("the key (" + audit.key + ") is not unique and not null any more",
            "Put the unique index and NOT NULL back, or name another key: " + track_again + " --key ...");
  }
  if (audit.blind) problem("changes are logged without their content, and replicas refuse them", track_again);
  if (!audit.described && !audit.blind)
    problem("its columns are not those that the log describes", track_again);
  if (findings.size() == before) {
    findings.push_back({Severity::Ok, "capture", audit.topic + ": captured by " + audit.capture, {}});
  }
}

}  // namespace

Findings check_capture(postgres::Connection& connection) {
  Findings findings;
  const auto rows = connection.query(audit_query);
  for (int row = 0; row < rows.size(); ++row) check_table(read_audit(rows, row), findings);
  if (rows.empty()) {
    findings.push_back({Severity::Warning, "capture", "no table is tracked, so there is nothing to carry",
                        "mailboat track TABLE"});
  }
  return findings;
}

}  // namespace mailboat::cli
