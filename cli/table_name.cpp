#include "cli/table_name.hpp"

#include "cli/sentence.hpp"
#include "common/error.hpp"

namespace mailboat::cli {
namespace {

constexpr auto qualified_query = R"sql(
SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)
)sql";

// Tables whose raw name is what was typed, up to case: quotes or the schema were left out.
constexpr auto similar_query = R"sql(
SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'outbox')
  AND lower($1) IN (lower(c.relname), lower(n.nspname || '.' || c.relname))
ORDER BY 1 LIMIT 1
)sql";

InvalidInput unknown_table(postgres::Connection& connection, const std::string& name) {
  const auto similar = connection.query(similar_query, {name});
  if (!similar.empty()) {
    return InvalidInput("there is no table " + name + "; did you mean " +
                        shell_word(std::string(similar.text(0, 0))) + "?");
  }
  return InvalidInput(
      "there is no table " + name +
      " in this database that this role can see. Names are read as SQL reads them: give the schema, and "
      "put capitals and special characters in double quotes inside single ones: '\"My Schema\".\"Order\"'");
}

std::string resolve_table(postgres::Connection& connection, const std::string& name) {
  try {
    const auto found = connection.query(qualified_query, {name});
    if (!found.empty()) return std::string(found.text(0, 0));
  } catch (const postgres::StatementFailed& error) {
    // 42: not a name by SQL's grammar. 0A: one in another database. As good as no table.
    if (!error.sqlstate().starts_with("42") && !error.sqlstate().starts_with("0A")) throw;
  }
  throw unknown_table(connection, name);
}

}  // namespace

std::vector<std::string> resolve_tables(postgres::Connection& connection,
                                        const std::vector<std::string>& names) {
  std::vector<std::string> resolved;
  for (const auto& name : names) resolved.push_back(resolve_table(connection, name));
  return resolved;
}

std::vector<std::string> topics_of_tables(postgres::Connection& connection,
                                          const std::vector<std::string>& names) {
  std::vector<std::string> topics;
  for (const auto& name : names) {
    if (!connection.query("SELECT FROM outbox.tracked WHERE topic = $1", {name}).empty()) {
      topics.push_back(name);
    } else {
      const auto table = resolve_table(connection, name);
      topics.emplace_back(connection.query("SELECT outbox.topic_of($1::regclass)", {table}).text(0, 0));
    }
  }
  return topics;
}

std::optional<std::string> topics_or_all(const std::vector<std::string>& topics) {
  if (topics.empty()) return std::nullopt;
  return postgres::array_literal(topics);
}

}  // namespace mailboat::cli
