#include "producer/load_reader.hpp"

#include <algorithm>

namespace mailboat::producer {
namespace {

// A chunk costs the source one bounded read: about this many bytes, never more than this many rows. Its size
// may grow by a factor at a time only, so that a stretch of large rows after many small ones stays bounded
// too.
constexpr std::size_t chunk_bytes = 4 << 20;
constexpr int chunk_rows_limit = 20'000;
constexpr int growth_limit = 4;

constexpr auto describe_query = R"sql(
SELECT c.oid,
       CASE c.relkind WHEN 'r' THEN 'ONLY ' ELSE '' END || quote_ident(n.nspname) || '.' || quote_ident(c.relname),
       (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (t.exclude)),
       (SELECT string_agg('r.' || quote_ident(k), ', ' ORDER BY place) FROM unnest(t.key) WITH ORDINALITY AS u(k, place)),
       (SELECT string_agg(quote_ident(k), ', ' ORDER BY place) FROM unnest(t.key) WITH ORDINALITY AS u(k, place)),
       (SELECT string_agg('r.' || quote_ident(k) || '::text', ', ' ORDER BY place)
          FROM unnest(t.key) WITH ORDINALITY AS u(k, place)),
       (SELECT string_agg('$' || place || '::text::' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY place)
          FROM unnest(t.key) WITH ORDINALITY AS u(k, place)
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = k AND NOT a.attisdropped),
       cardinality(t.key),
       (SELECT coalesce(sum(greatest(leaf.reltuples, 0)), 0)::bigint FROM pg_class leaf
         WHERE leaf.oid = c.oid OR leaf.oid IN (SELECT relid FROM pg_partition_tree(c.oid) WHERE isleaf))
  FROM outbox.tracked t
  JOIN pg_class c ON c.oid = t.relation
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE t.topic = $1
)sql";

// A rewrite or TRUNCATE that committed after our snapshot makes the table look empty to it. The catalog row
// is read at our snapshot, the function looks at the table as it is now: they differ exactly then. Source:
// PostgreSQL manual, 13.6 "Caveats".
constexpr auto rewritten_query = R"sql(
SELECT EXISTS (SELECT FROM pg_class c
                WHERE (c.oid = $1::oid OR c.oid IN (SELECT relid FROM pg_partition_tree($1::oid)))
                  AND c.relfilenode <> 0 AND pg_relation_filenode(c.oid) IS DISTINCT FROM c.relfilenode)
)sql";

}  // namespace

struct LoadReader::Table {
  std::string oid;
  std::string name;
  std::string columns;
  std::string row_key;     // r.k1, r.k2
  std::string key;         // k1, k2
  std::string key_texts;   // r.k1::text, r.k2::text
  std::string key_params;  // $1::text::bigint, $2::text::text
  int key_columns = 0;
  std::uint64_t estimated_rows = 0;

  // Every name in it was quoted by the server, every value is a parameter.
  [[nodiscard]] std::string chunk_query(bool from_start, int rows) const {
    auto sql = "SELECT row_to_json(r), " + key_texts + " FROM (SELECT " + columns + " FROM " + name;
    if (!from_start) sql += " WHERE (" + key + ") > (" + key_params + ")";
    return sql + ") r ORDER BY " + row_key + " LIMIT " + std::to_string(rows);
  }
};

std::optional<LoadReader::Table> LoadReader::describe(const std::string& topic) {
  const auto rows = connection_.query(describe_query, {topic});
  if (rows.empty()) return std::nullopt;
  const auto text = [&rows](int column) { return std::string(rows.text(0, column)); };
  return Table{text(0),          text(1), text(2), text(3),
               text(4),          text(5), text(6), static_cast<int>(rows.int64(0, 7)),
               rows.uint64(0, 8)};
}

bool LoadReader::was_rewritten(const std::string& oid) {
  return connection_.query(rewritten_query, {oid}).boolean(0, 0);
}

void LoadReader::adapt(int rows, std::size_t bytes) {
  const auto bytes_per_row = std::max<std::size_t>(1, bytes / static_cast<std::size_t>(std::max(rows, 1)));
  const auto fitting = static_cast<int>(std::min<std::size_t>(chunk_bytes / bytes_per_row, chunk_rows_limit));
  rows_per_chunk_ = std::clamp(fitting, 1, rows_per_chunk_ * growth_limit);
}

std::optional<LoadReader::Chunk> LoadReader::read(const LoadPosition& position, std::size_t piece_bytes) {
  why_not_.clear();
  try {
    const auto table = describe(position.topic);
    if (!table) {
      why_not_ = "it is no longer tracked";
      return std::nullopt;
    }
    const postgres::Params after(position.last_key.begin(), position.last_key.end());
    const auto rows = connection_.query(table->chunk_query(after.empty(), rows_per_chunk_), after);
    if (was_rewritten(table->oid)) {
      why_not_ = "it was rewritten or truncated after the window's snapshot";
      return std::nullopt;
    }
    Chunk chunk{{}, position, rows.size() < rows_per_chunk_};
    const auto new_piece = [&] {
      chunk.pieces.push_back({position.topic, {}, {}, false, false, table->estimated_rows});
    };
    new_piece();
    std::size_t bytes = 0;
    for (int row = 0; row < rows.size(); ++row) {
      if (chunk.pieces.back().rows.bytes() >= piece_bytes) new_piece();
      chunk.pieces.back().rows.add(rows.text(row, 0));
      bytes += rows.text(row, 0).size();
    }
    if (!rows.empty()) {
      chunk.next.last_key.clear();
      for (int i = 0; i < table->key_columns; ++i)
        chunk.next.last_key.emplace_back(rows.text(rows.size() - 1, 1 + i));
      chunk.next.rows += static_cast<std::uint64_t>(rows.size());
      adapt(rows.size(), bytes);
    }
    auto& last = chunk.pieces.back();
    last.ends_chunk = true;
    last.ends_load = chunk.ends_load;
    last.last_key = chunk.next.last_key;
    return chunk;
  } catch (const postgres::StatementFailed& error) {
    why_not_ = error.what();
    return std::nullopt;
  }
}

}  // namespace mailboat::producer
