#include "tests/integration/outbox_fixture.hpp"

#include "migrations/migrator.hpp"
#include "tests/support/cluster.hpp"

namespace mailboat::test {

Outbox::Outbox() : conninfo(shared_cluster().create_database()), connection(conninfo, "capture_test") {
  migrations::migrate(connection);
}

std::string Outbox::refusal(const std::string& statement) {
  try {
    sql(statement);
  } catch (const postgres::StatementFailed& error) {
    return error.what();
  }
  ADD_FAILURE() << "not refused: " << statement;
  return {};
}

std::vector<std::string> Outbox::changes() {
  const auto rows = sql(
      "SELECT op::text || coalesce(' ' || payload::text, '') FROM outbox.event WHERE op <> 'R' ORDER BY id");
  std::vector<std::string> found;
  for (int row = 0; row < rows.size(); ++row) found.emplace_back(rows.text(row, 0));
  return found;
}

std::string Outbox::described(const std::string& topic, const std::string& field) {
  const auto rows = connection.query(
      "SELECT description ->> $2 FROM outbox.relation WHERE topic = $1 ORDER BY event_id DESC LIMIT 1",
      {topic, field});
  return rows.empty() ? "no relation " + topic : std::string(rows.text(0, 0));
}

std::string Outbox::descriptions(const std::string& topic) {
  return std::string(
      connection.query("SELECT count(*) FROM outbox.event WHERE op = 'R' AND topic = $1", {topic})
          .text(0, 0));
}

void Outbox::expect_log_makes_table(const std::string& table) {
  const auto difference = connection.query(
      "WITH last AS (SELECT DISTINCT ON (payload ->> 'id') op, payload::text AS row FROM outbox.event "
      "              WHERE topic = 'public.' || $1 AND op IN ('I', 'U', 'D') AND id > coalesce("
      "                (SELECT max(id) FROM outbox.event WHERE topic = 'public.' || $1 AND op = 'T'), 0) "
      "              ORDER BY payload ->> 'id', id DESC), "
      "     replica AS (SELECT row FROM last WHERE op <> 'D'), "
      "     source AS (SELECT row_to_json(t.*)::text AS row FROM " +
          table +
          " t) "
          "SELECT coalesce(string_agg(s.row, ' ') FILTER (WHERE r.row IS NULL), ''), "
          "       coalesce(string_agg(r.row, ' ') FILTER (WHERE s.row IS NULL), '') "
          "FROM replica r FULL JOIN source s USING (row)",
      {table});
  EXPECT_EQ(difference.text(0, 0), "") << "rows that the log does not make";
  EXPECT_EQ(difference.text(0, 1), "") << "rows that only the log makes";
}

std::string Outbox::create_role(const std::string& attributes) {
  std::string name = "role" + std::to_string(++roles_) + "_of_" + value("SELECT current_database()");
  sql("CREATE ROLE \"" + name + "\" LOGIN " + attributes);
  return name;
}

}  // namespace mailboat::test
