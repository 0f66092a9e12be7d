#include "producer/load_reader.hpp"

#include <algorithm>

namespace mailboat::producer {
namespace {

// A chunk costs the source one bounded read: about this many bytes come to us, or one row, and never more
// than this many rows. Its rows may grow in number by a factor at a time only, so that the source does not
// prepare many large rows in vain where they follow many small ones.
constexpr std::size_t chunk_bytes = 4 << 20;
constexpr int chunk_rows_limit = 20'000;
constexpr int growth_limit = 4;

constexpr auto describe_query = R"sql(
SELECT c.oid,
       CASE c.relkind WHEN 'r' THEN 'ONLY ' ELSE '' END || quote_ident(n.nspname) || '.' || quote_ident(c.relname),
       (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (t.exclude)
           AND ($3::text[] IS NULL OR a.attname = ANY ($3))),
       (SELECT string_agg('r.' || quote_ident(k), ', ' ORDER BY place) FROM unnest(t.key) WITH ORDINALITY AS u(k, place)),
       (SELECT string_agg(quote_ident(k), ', ' ORDER BY place) FROM unnest(t.key) WITH ORDINALITY AS u(k, place)),
       (SELECT string_agg('r.' || quote_ident(k) || ' AS key_' || place, ', ' ORDER BY place)
          FROM unnest(t.key) WITH ORDINALITY AS u(k, place)),
       (SELECT string_agg('$' || place || '::text::' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY place)
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
       (SELECT string_agg(k, ', ') FROM unnest(t.key) AS k WHERE k <> ALL ($3))
  FROM outbox.tracked t
  JOIN pg_class c ON c.oid = t.relation
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE t.topic = $1 AND ($2 = '' OR EXISTS (SELECT FROM outbox.subscription s
                                             WHERE s.name = $2
                                               AND (s.topics IS NULL OR t.topic = ANY (outbox.topics_now(s)))))
)sql";

// A rewrite or TRUNCATE that committed after our snapshot makes the table look empty to it, and a name may
// mean another column or table since: PostgreSQL looks names up as they are now, whatever the snapshot. The
// catalog rows are read at our snapshot, the functions look at the table as it is now: they differ exactly
// then. Source: PostgreSQL manual, 13.6 "Caveats". Asked after the rows were read, when our lock keeps
// further changes out.
constexpr auto changed_query = R"sql(
SELECT EXISTS (SELECT FROM pg_class c
                WHERE (c.oid = $1::oid OR c.oid IN (SELECT relid FROM pg_partition_tree($1::oid)))
                  AND c.relfilenode <> 0 AND pg_relation_filenode(c.oid) IS DISTINCT FROM c.relfilenode),
       EXISTS (SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                                          JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.oid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
                  AND format('%I.%I.%I', n.nspname, c.relname, a.attname)
                      IS DISTINCT FROM (pg_identify_object('pg_class'::regclass, c.oid, a.attnum)).identity)
)sql";

}  // namespace

struct LoadReader::Table {
  std::string oid;
  std::string name;
  std::string columns;
  std::string row_key;     // r.k1, r.k2
  std::string key;         // k1, k2
  std::string named_key;   // r.k1 AS key_1, r.k2 AS key_2
  std::string key_params;  // $1::text::bigint, $2::text::text
  int key_columns = 0;
  std::uint64_t estimated_rows = 0;
  std::string operator_schemas;  // other than pg_catalog
  std::string withheld_key;      // columns of it that may not be sent

  // Every name in it was quoted by the server, every value is a parameter. A row comes when those before it
  // do not fill the chunk already.
  [[nodiscard]] std::string chunk_query(bool from_start, int rows) const {
    auto source =
        "SELECT row_to_json(r) AS image, " + named_key + " FROM (SELECT " + columns + " FROM " + name;
    if (!from_start) source += " WHERE (" + key + ") > (" + key_params + ")";
    source += ") r ORDER BY " + row_key + " LIMIT " + std::to_string(rows);
    const auto order = key_names("");  // not of the result, whose columns are text
    return "SELECT image, " + key_names("::text") +
           " FROM (SELECT *, sum(octet_length(image::text)) OVER (ORDER BY " + order +
           " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM (" + source +
           ") w) w WHERE coalesce(before, 0) < " + std::to_string(chunk_bytes) + " ORDER BY " + order;
  }

 private:
  [[nodiscard]] std::string key_names(const std::string& cast) const {
    std::string names;
    for (int i = 1; i <= key_columns; ++i) {
      if (i > 1) names += ", ";
      names += "w.key_" + std::to_string(i) + cast;
    }
    return names;
  }
};

std::optional<LoadReader::Table> LoadReader::describe(const std::string& topic) {
  const auto* columns = subscription_.columns.columns_of(topic);
  std::optional<std::string> names;
  if (columns != nullptr) names = postgres::array_literal({columns->begin(), columns->end()});
  const auto rows = connection_.query(describe_query, {topic, subscription_.name, names});
  if (rows.empty()) return std::nullopt;
  const auto text = [&rows](int column) { return std::string(rows.text(0, column)); };
  return Table{text(0),           text(1), text(2), text(3),
               text(4),           text(5), text(6), static_cast<int>(rows.int64(0, 7)),
               rows.uint64(0, 8), text(9), text(10)};
}

// The last key of each chunk is sent along.
bool LoadReader::may_have_key(const Table& table) {
  if (table.withheld_key.empty()) return true;
  why_not_ = "its key (" + table.withheld_key +
             ") is not among the columns that the subscription may have: mailboat configure " +
             subscription_.name + " --columns ...";
  return false;
}

// An extension's type (citext) compares by operators of its own schema. Without them in sight the key would
// be compared as its text is, but ordered by its own operators, and a chunk would not begin where the last
// one ended.
void LoadReader::see_operators(const Table& table) {
  connection_.query("SELECT set_config('search_path', $1, true)",
                    {"pg_catalog, " + table.operator_schemas + ", pg_temp"});
}

bool LoadReader::was_changed(const std::string& oid) {
  const auto rows = connection_.query(changed_query, {oid});
  if (rows.boolean(0, 0)) why_not_ = "it was rewritten or truncated after the window's snapshot";
  if (rows.boolean(0, 1)) why_not_ = "its columns were renamed or dropped after the window's snapshot";
  return !why_not_.empty();
}

void LoadReader::adapt(int rows, std::size_t bytes) {
  const auto bytes_per_row = std::max<std::size_t>(1, bytes / static_cast<std::size_t>(std::max(rows, 1)));
  const auto fitting = static_cast<int>(std::min<std::size_t>(chunk_bytes / bytes_per_row, chunk_rows_limit));
  rows_per_chunk_ = std::clamp(fitting, 1, rows_per_chunk_ * growth_limit);
}

LoadReader::Chunk LoadReader::give_up(const LoadPosition& position) {
  Chunk chunk{{}, position, true};
  chunk.pieces.push_back({position.topic, {}, position.last_key, true, true, 0, true});
  return chunk;
}

LoadReader::Chunk LoadReader::cut(const postgres::Rows& rows, const LoadPosition& position,
                                  std::size_t piece_bytes, const Table& table) {
  Chunk chunk{{}, position, false};
  const auto new_piece = [&] {
    chunk.pieces.push_back({position.topic, {}, {}, false, false, table.estimated_rows});
  };
  new_piece();
  for (int row = 0; row < rows.size(); ++row) {
    if (chunk.pieces.back().rows.bytes() >= piece_bytes) new_piece();
    chunk.pieces.back().rows.add(rows.text(row, 0));
  }
  if (!rows.empty()) {
    chunk.next.last_key.clear();
    for (int i = 1; i <= table.key_columns; ++i)
      chunk.next.last_key.emplace_back(rows.text(rows.size() - 1, i));
    chunk.next.rows += static_cast<std::uint64_t>(rows.size());
  }
  return chunk;
}

std::optional<LoadReader::Chunk> LoadReader::read(const LoadPosition& position, std::size_t piece_bytes) {
  why_not_.clear();
  try {
    const auto table = describe(position.topic);
    if (!table) return give_up(position);
    if (!may_have_key(*table)) return std::nullopt;
    if (!table->operator_schemas.empty()) see_operators(*table);
    const postgres::Params after(position.last_key.begin(), position.last_key.end());
    const auto rows = connection_.query(table->chunk_query(after.empty(), rows_per_chunk_), after);
    if (was_changed(table->oid)) return std::nullopt;
    auto chunk = cut(rows, position, piece_bytes, *table);
    std::size_t bytes = 0;
    for (const auto& piece : chunk.pieces) bytes += piece.rows.bytes();
    chunk.ends_load = rows.size() < rows_per_chunk_ && bytes < chunk_bytes;
    auto& last = chunk.pieces.back();
    last.ends_chunk = true;
    last.ends_load = chunk.ends_load;
    last.last_key = chunk.next.last_key;
    if (!rows.empty()) adapt(rows.size(), bytes);
    return chunk;
  } catch (const postgres::StatementFailed& error) {
    why_not_ = error.what();
    return std::nullopt;
  }
}

}  // namespace mailboat::producer
