#include "producer/load_table.hpp"

#include <algorithm>
#include <numeric>

namespace mailboat::producer {
namespace {

constexpr auto describe_query = R"sql(
SELECT c.oid,
       CASE c.relkind WHEN 'r' THEN 'ONLY ' ELSE '' END || quote_ident(n.nspname) || '.' || quote_ident(c.relname),
       (SELECT string_agg('r.' || quote_ident(k), ', ' ORDER BY place) FROM unnest(t.key) WITH ORDINALITY AS u(k, place)),
       (SELECT string_agg(quote_ident(k), ', ' ORDER BY place) FROM unnest(t.key) WITH ORDINALITY AS u(k, place)),
       (SELECT string_agg('r.' || quote_ident(k) || ' AS key_' || place, ', ' ORDER BY place)
          FROM unnest(t.key) WITH ORDINALITY AS u(k, place)),
       (SELECT string_agg(format('current_setting(%L)::', 'mailboat.key_' || place) || format_type(a.atttypid, a.atttypmod),
                          ', ' ORDER BY place)
          FROM unnest(t.key) WITH ORDINALITY AS u(k, place)
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = k AND NOT a.attisdropped),
       cardinality(t.key),
       (SELECT coalesce(sum(greatest(leaf.reltuples, 0)), 0)::bigint FROM pg_class leaf
         WHERE leaf.oid = c.oid OR leaf.oid IN (SELECT relid FROM pg_partition_tree(c.oid) WHERE isleaf)),
       (SELECT string_agg(DISTINCT quote_ident(s.nspname), ', ')
          FROM pg_index i CROSS JOIN unnest(i.indclass::oid[]) AS u(class) JOIN pg_opclass oc ON oc.oid = u.class
          JOIN pg_amop m ON m.amopfamily = oc.opcfamily JOIN pg_operator o ON o.oid = m.amopopr
          JOIN pg_namespace s ON s.oid = o.oprnamespace
         WHERE i.indrelid = c.oid AND i.indisunique AND s.nspname <> 'pg_catalog'),
       (SELECT string_agg(k, ', ') FROM unnest(t.key) AS k WHERE k <> ALL ($3::text[])),
       EXISTS (SELECT FROM pg_class leaf
                WHERE (leaf.oid = c.oid OR leaf.oid IN (SELECT relid FROM pg_partition_tree(c.oid) WHERE isleaf))
                  AND leaf.reltoastrelid <> 0 AND pg_relation_size(leaf.reltoastrelid) > 0)
  FROM outbox.tracked t
  JOIN pg_class c ON c.oid = t.relation
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE t.topic = $1 AND ($2 = '' OR EXISTS (SELECT FROM outbox.subscription s
                                             WHERE s.name = $2
                                               AND (s.topics IS NULL OR t.topic = ANY (outbox.topics_now(s)))))
)sql";

constexpr auto columns_query = R"sql(
SELECT a.attname, CASE WHEN y.typnamespace = 'pg_catalog'::regnamespace THEN y.typname ELSE '' END, quote_ident(a.attname),
       coalesce(array_position(t.key::text[], a.attname::text), 0)
  FROM outbox.tracked t JOIN pg_attribute a ON a.attrelid = t.relation JOIN pg_type y ON y.oid = a.atttypid
 WHERE t.topic = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (t.exclude)
   AND ($2::text[] IS NULL OR a.attname = ANY ($2))
 ORDER BY a.attnum
)sql";

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) {
    if (!text.empty()) text += ", ";
    text += part;
  }
  return text;
}

// `w.key_1, w.key_2`.
std::string key_names(const LoadTable& table) {
  std::vector<std::string> names;
  for (int i = 1; i <= table.key_columns; ++i) names.push_back("w.key_" + std::to_string(i));
  return joined(names);
}

std::string key_setting(std::size_t index) { return "mailboat.key_" + std::to_string(index + 1); }

// Of a plain value, as JSON.
std::string size_of(const std::string& image, std::string_view type) {
  if (type == "bytea") return "2 * coalesce(octet_length(" + image + "), 0)";
  if (type == "numeric") return "3 * coalesce(pg_column_size(" + image + "), 0)";
  if (type == "text" || type == "varchar" || type == "bpchar")
    return "coalesce(octet_length(" + image + "), 0)";
  return "16";
}

std::string image_name(std::size_t index) { return "image_" + std::to_string(index + 1); }

std::string image_names(const LoadTable& table) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < table.image.size(); ++i) names.push_back(image_name(i));
  return joined(names);
}

std::string column_names(const postgres::Rows& columns) {
  std::vector<std::string> names;
  for (int i = 0; i < columns.size(); ++i) names.emplace_back(columns.text(i, 2));
  return joined(names);
}

// Which columns are read, and how.
void choose_image(LoadTable& table, const postgres::Rows& columns) {
  table.key_fields.resize(static_cast<std::size_t>(table.key_columns));
  std::vector<RowImage::Column> plain;
  for (int i = 0; i < columns.size(); ++i) {
    plain.push_back({std::string(columns.text(i, 0)), std::string(columns.text(i, 1))});
  }
  if (!std::all_of(plain.begin(), plain.end(),
                   [](const auto& column) { return RowImage::is_plain(column.type); })) {
    table.image = {"row_to_json(r.*)"};  // also where a column is called r
    table.image_size = "octet_length(" + image_name(0) + "::text)";
    std::iota(table.key_fields.begin(), table.key_fields.end(), 1);
    return;
  }
  table.plain_image.emplace(plain);
  table.image_size = "0";
  for (int i = 0; i < columns.size(); ++i) {
    table.image.push_back("r." + std::string(columns.text(i, 2)));
    table.image_size += " + " + size_of(image_name(static_cast<std::size_t>(i)), columns.text(i, 1));
    if (const auto place = columns.uint64(i, 3); place > 0) {
      table.key_fields[place - 1] = static_cast<std::size_t>(i);
    }
  }
}

}  // namespace

std::string LoadTable::select(const std::string& values, bool from_start, int rows) const {
  auto sql = "SELECT " + values + " FROM (SELECT " + columns + " FROM " + name;
  if (!from_start) sql += " WHERE (" + key + ") > (" + key_values + ")";
  return sql + ") r ORDER BY " + row_key + " LIMIT " + std::to_string(rows);
}

std::string LoadTable::source(bool from_start, int rows) const {
  std::string values;
  for (std::size_t i = 0; i < image.size(); ++i) values += image[i] + " AS " + image_name(i) + ", ";
  return '(' + select(values + named_key, from_start, rows) + ") w";
}

std::string LoadTable::size_query(bool from_start, int rows) const {
  return "SELECT coalesce(sum(" + image_size + "), 0)::bigint FROM " + source(from_start, rows);
}

std::string LoadTable::rows_query(bool from_start, int rows) const {
  return select(joined(image) + (plain_image ? "" : ", " + row_key), from_start, rows);
}

std::string LoadTable::bounded_query(bool from_start, int rows, std::size_t bytes) const {
  const auto order = key_names(*this);
  return "SELECT " + image_names(*this) + (plain_image ? "" : ", " + order) + " FROM (SELECT *, sum(" +
         image_size + ") OVER (ORDER BY " + order +
         " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM " + source(from_start, rows) +
         ") w WHERE coalesce(before, 0) < " + std::to_string(bytes) + " ORDER BY " + order;
}

void begin_after(postgres::Connection& connection, const std::vector<std::string>& key) {
  std::vector<std::string> settings;
  for (std::size_t i = 0; i < key.size(); ++i) {
    settings.push_back("set_config('" + key_setting(i) + "', $" + std::to_string(i + 1) + ", true)");
  }
  connection.query("SELECT " + joined(settings), postgres::Params(key.begin(), key.end()));
}

std::optional<LoadTable> describe_table(postgres::Connection& connection, const Subscription& subscription,
                                        const std::string& topic) {
  const auto* columns = subscription.columns.columns_of(topic);
  std::optional<std::string> names;
  if (columns != nullptr) names = postgres::array_literal({columns->begin(), columns->end()});
  const auto rows = connection.query_prepared(describe_query, {topic, subscription.name, names});
  if (rows.empty()) return std::nullopt;
  const auto text = [&rows](int column) { return std::string(rows.text(0, column)); };
  const auto chosen = connection.query_prepared(columns_query, {topic, names});
  LoadTable table{text(0),
                  text(1),
                  column_names(chosen),
                  text(2),
                  text(3),
                  text(4),
                  text(5),
                  static_cast<int>(rows.int64(0, 6)),
                  rows.uint64(0, 7),
                  text(8),
                  text(9),
                  rows.boolean(0, 10)};
  choose_image(table, chosen);
  return table;
}

}  // namespace mailboat::producer
