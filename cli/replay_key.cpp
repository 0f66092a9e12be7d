#include "cli/json.hpp"
#include "cli/replay_request.hpp"
#include "common/error.hpp"

namespace mailboat::cli {
namespace {

// The texts in the log do not depend on the writer's session: see outbox.create_functions().
constexpr auto as_the_log_writes =
    "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres'; "
    "SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL lc_monetary = 'C'";

constexpr auto key_query = R"sql(
SELECT k.name, format_type(a.atttypid, a.atttypmod)
FROM outbox.tracked t
CROSS JOIN unnest(t.key) WITH ORDINALITY k(name, place)
JOIN pg_attribute a ON a.attrelid = t.relation AND a.attname = k.name AND NOT a.attisdropped
WHERE t.topic = $1 ORDER BY k.place
)sql";

struct KeyColumn {
  std::string name;
  std::string type;  ///< as SQL names it
};

std::vector<KeyColumn> key_of(postgres::Connection& connection, const std::string& topic) {
  const auto rows = connection.query(key_query, {topic});
  std::vector<KeyColumn> columns;
  for (int row = 0; row < rows.size(); ++row)
    columns.push_back({std::string(rows.text(row, 0)), std::string(rows.text(row, 1))});
  if (columns.empty())
    throw InvalidInput("--key: " + topic + " is not a tracked table, so nobody knows what its key is");
  return columns;
}

const KeyColumn& find(const std::vector<KeyColumn>& columns, const std::string& name,
                      const std::string& topic) {
  std::string known;
  for (const auto& column : columns) {
    if (column.name == name) return column;
    known += (known.empty() ? "" : ", ") + column.name;
  }
  throw InvalidInput("--key: " + name + " is not a key column of " + topic + " (it has: " + known + ")");
}

// The type's name comes from the server, quoted where it has to be.
std::string canonical(postgres::Connection& connection, const KeyColumn& column, const std::string& value) {
  try {
    postgres::Transaction transaction(connection, postgres::Transaction::Kind::RepeatableReadOnly,
                                      as_the_log_writes);
    return std::string(
        transaction.query("SELECT to_json($1::text::" + column.type + ") #>> '{}'", {value}).text(0, 0));
  } catch (const postgres::StatementFailed& error) {
    if (!error.sqlstate().starts_with("22")) throw;
    throw InvalidInput("--key: '" + value.substr(0, 80) + "' is not a value of " + column.name +
                       ", whose type is " + column.type);
  }
}

}  // namespace

std::string resolve_key(postgres::Connection& connection, const std::string& topic,
                        const std::vector<std::string>& pairs) {
  const auto columns = key_of(connection, topic);
  JsonWriter json;
  json.begin_object();
  for (const auto& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos)
      throw InvalidInput("--key: expected COLUMN=VALUE, got '" + pair.substr(0, 80) + "'");
    const auto name = pair.substr(0, equals);
    const auto& column = find(columns, name, topic);
    json.key(column.name).value(canonical(connection, column, pair.substr(equals + 1)));
  }
  json.end_object();
  return json.text();
}

}  // namespace mailboat::cli
