#include "tests/integration/replica_difference.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <vector>

namespace mailboat::test {
namespace {

using Lines = std::vector<std::string>;

// What stands in SQLite, whatever the type: storage class and text. quote() keeps every digit of a REAL.
constexpr auto replica_value =
    "CASE typeof(?) WHEN 'null' THEN 'null' WHEN 'blob' THEN 'blob:' || lower(hex(?))"
    " WHEN 'real' THEN 'real:' || quote(?) ELSE typeof(?) || ':' || ? END";

// What should stand there, by type: an expression for each column of a table ($1) that is not excluded.
// Base types of domains included. JSON's own null comes as NULL: within a row's JSON nobody can tell them
// apart.
constexpr auto source_columns = R"sql(
SELECT a.attname, replace(CASE
    WHEN type ~ '(\[\]|\}|\.hstore)$' OR type IN ('int2vector', 'oidvector') THEN '''text:'' || to_json(@)::text'
    WHEN type = 'boolean' THEN '''integer:'' || @::int'
    WHEN type IN ('smallint', 'integer', 'bigint', 'oid') THEN '''integer:'' || @'
    WHEN type IN ('real', 'double precision') THEN
      'CASE WHEN @ IN (''NaN'', ''Infinity'', ''-Infinity'') THEN ''text:'' ELSE ''real:'' END || @'
    WHEN type ~ '^numeric\(' AND substring(type, '\((\d+)')::int <= 15
         AND abs(substring(type, ',(-?\d+)')::int) <= 290 THEN 'CASE
      WHEN @::numeric = ''NaN'' THEN ''text:NaN''
      WHEN @ = trunc(@) AND abs(@) < 9e18 THEN ''integer:'' || trunc(@)::bigint ELSE ''real:'' || @ END'
    WHEN type = 'bytea' THEN '''blob:'' || encode(@, ''hex'')'
    WHEN type ~ '^timestamp.* with time zone' THEN 'CASE WHEN isfinite(@)
      THEN ''text:'' || regexp_replace((@ AT TIME ZONE ''UTC'')::text, ''( BC|$)$'', ''Z\1'') ELSE ''text:'' || @ END'
    WHEN type IN ('json', 'jsonb') THEN
      'CASE json_typeof(@::json) WHEN ''null'' THEN ''null'' ELSE ''text:'' || btrim(@::text) END'
    ELSE 'CASE WHEN @ IS NOT NULL THEN ''text:'' || format(''%s'', @) END' END, '@', 't.' || quote_ident(a.attname))
FROM outbox.tracked k
JOIN pg_attribute a ON a.attrelid = k.relation AND a.attnum > 0 AND NOT a.attisdropped
                   AND a.attname <> ALL (k.exclude)
CROSS JOIN LATERAL (SELECT outbox.base_type(a.atttypid, a.atttypmod)) base(type)
WHERE k.relation = $1::text::regclass ORDER BY a.attnum
)sql";

std::string replaced(std::string text, std::string_view what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

std::string quoted(const std::string& name) { return '"' + replaced(name, "\"", "\"\"") + '"'; }

// One spelling for a number that PostgreSQL and SQLite may spell differently. SQLite does not keep the sign
// of -0.
std::string normal(std::string_view value) {
  constexpr std::string_view real = "real:";
  if (!value.starts_with(real)) return std::string(value);
  std::array<char, 64> digits{};
  const auto number = std::strtod(std::string(value.substr(real.size())).c_str(), nullptr);
  return std::string(real).append(
      digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number + 0.0).ptr);
}

struct Columns {
  std::string table;  // its schema included
  std::vector<std::string> names;
  std::vector<std::string> expressions;
};

Columns columns_of(postgres::Connection& source, const std::string& table) {
  const auto rows = source.query(source_columns, {table});
  Columns columns;
  columns.table = source
                      .query(
                          "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n "
                          "ON n.oid = c.relnamespace WHERE c.oid = $1::text::regclass",
                          {table})
                      .text(0, 0);
  for (int row = 0; row < rows.size(); ++row) {
    columns.names.emplace_back(rows.text(row, 0));
    columns.expressions.push_back("coalesce(" + std::string(rows.text(row, 1)) + ", 'null')");
  }
  return columns;
}

Lines source_lines(postgres::Connection& source, const Columns& columns) {
  std::string list;
  for (const auto& expression : columns.expressions) list += (list.empty() ? "" : ", ") + expression;
  postgres::Transaction transaction(
      source, postgres::Transaction::Kind::ReadWrite,
      "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres';"
      "SET LOCAL search_path = pg_catalog");
  const auto rows = transaction.query("SELECT " + list + " FROM " + columns.table + " t");
  Lines lines;
  for (int row = 0; row < rows.size(); ++row) {
    std::string line;
    for (std::size_t i = 0; i < columns.names.size(); ++i) {
      line += columns.names[i] + '=' + normal(rows.text(row, static_cast<int>(i))) + ' ';
    }
    lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

Lines replica_lines(const SqliteReader& replica, const std::string& table, const Columns& columns) {
  std::string list;
  for (const auto& name : columns.names) {
    list += (list.empty() ? "" : ", ") + replaced(replica_value, "?", "t." + quoted(name));
  }
  Lines lines;
  for (const auto& row : replica.rows("SELECT " + list + " FROM " + quoted(table) + " t")) {
    std::string line;
    for (std::size_t i = 0; i < columns.names.size(); ++i) {
      line += columns.names[i] + '=' + normal(row[i].value_or("")) + ' ';
    }
    lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string excluded_in_replica(postgres::Connection& source, const SqliteReader& replica,
                                const std::string& table, const std::string& replica_table) {
  std::string found;
  const auto rows =
      source.query("SELECT unnest(exclude) FROM outbox.tracked WHERE relation = $1::text::regclass", {table});
  for (int row = 0; row < rows.size(); ++row) {
    const std::string name(rows.text(row, 0));
    const auto in_replica =
        replica.rows("SELECT name FROM pragma_table_info('" + replaced(replica_table, "'", "''") + "')");
    if (std::find(in_replica.begin(), in_replica.end(), SqliteReader::Row{name}) != in_replica.end()) {
      found += "excluded column " + name + " is in the replica\n";
    }
  }
  return found;
}

// The first lines of `these` that `those` lack.
std::string missing(const Lines& these, const Lines& those, const std::string& title) {
  constexpr std::size_t shown = 3;
  constexpr std::size_t shown_characters = 2000;
  Lines rest;
  std::set_difference(these.begin(), these.end(), those.begin(), those.end(), std::back_inserter(rest));
  std::string text;
  for (std::size_t i = 0; i < std::min(rest.size(), shown); ++i) {
    text += "  " + rest[i].substr(0, shown_characters) + '\n';
  }
  return rest.empty() ? "" : std::to_string(rest.size()) + " rows only in " + title + ":\n" + text;
}

}  // namespace

std::string replica_difference(postgres::Connection& source, const SqliteReader& replica,
                               const std::string& table, const std::string& replica_table) {
  if (!replica.has_table(replica_table)) return "no table " + replica_table + " in the replica";
  const auto columns = columns_of(source, table);
  const auto expected = source_lines(source, columns);
  const auto found = replica_lines(replica, replica_table, columns);
  return missing(expected, found, "PostgreSQL") + missing(found, expected, "SQLite") +
         excluded_in_replica(source, replica, table, replica_table);
}

}  // namespace mailboat::test
