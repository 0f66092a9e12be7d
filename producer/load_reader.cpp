#include "producer/load_reader.hpp"

#include <algorithm>
#include <utility>

#include "producer/load_table.hpp"

namespace mailboat::producer {
namespace {

// A chunk costs the source one bounded read: about this many bytes come to us, or one row, and never more
// than this many rows. Its rows may grow in number by a factor at a time only, so that the source does not
// prepare many large rows in vain where they follow many small ones.
constexpr std::size_t chunk_bytes = 4 << 20;
constexpr int chunk_rows_limit = 20'000;
constexpr int growth_limit = 4;
constexpr int rows_per_fetch = 500;

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

// Cuts a chunk's rows into pieces as they come.
class LoadReader::ChunkWriter {
 public:
  ChunkWriter(LoadTable& table, const LoadPosition& position, std::size_t piece_bytes)
      : table_(table), piece_bytes_(piece_bytes), rows_before_(position.rows), chunk_{{}, position, false} {
    begin_piece();
  }

  void add(const postgres::Rows& rows) {
    for (int row = 0; row < rows.size(); ++row) {
      if (chunk_.pieces.back().rows.bytes() >= piece_bytes_) begin_piece();
      chunk_.pieces.back().rows.add(table_.plain_image ? table_.plain_image->of(rows, row)
                                                       : rows.text(row, 0));
    }
    if (rows.empty()) return;
    const auto first_of_key = static_cast<int>(table_.image.size());
    const auto last = rows.size() - 1;
    auto& next = chunk_.next;
    next.rows += static_cast<std::uint64_t>(rows.size());
    next.last_key.clear();
    for (int i = 0; i < table_.key_columns; ++i)
      next.last_key.emplace_back(rows.text(last, first_of_key + i));
  }

  [[nodiscard]] std::uint64_t rows() const { return chunk_.next.rows - rows_before_; }

  LoadReader::Chunk finish(bool ends_load) {
    auto& last = chunk_.pieces.back();
    last.ends_chunk = true;
    last.ends_load = chunk_.ends_load = ends_load;
    last.last_key = chunk_.next.last_key;
    return std::move(chunk_);
  }

 private:
  void begin_piece() {
    chunk_.pieces.push_back({chunk_.next.topic, {}, {}, false, false, table_.estimated_rows});
  }

  LoadTable& table_;
  const std::size_t piece_bytes_;
  const std::uint64_t rows_before_;
  LoadReader::Chunk chunk_;
};

// The last key of each chunk is sent along.
bool LoadReader::may_have_key(const LoadTable& table) {
  if (table.withheld_key.empty()) return true;
  why_not_ = "its key (" + table.withheld_key +
             ") is not among the columns that the subscription may have: mailboat configure " +
             subscription_.name + " --columns ...";
  return false;
}

// An extension's type (citext) compares by operators of its own schema. Without them in sight the key would
// be compared as its text is, but ordered by its own operators, and a chunk would not begin where the last
// one ended.
void LoadReader::see_operators(const LoadTable& table) {
  connection_.query("SELECT set_config('search_path', $1, true)",
                    {"pg_catalog, " + table.operator_schemas + ", pg_temp"});
}

bool LoadReader::was_changed(const std::string& oid) {
  const auto rows = connection_.query(changed_query, {oid});
  if (rows.boolean(0, 0)) why_not_ = "it was rewritten or truncated after the window's snapshot";
  if (rows.boolean(0, 1)) why_not_ = "its columns were renamed or dropped after the window's snapshot";
  return !why_not_.empty();
}

void LoadReader::adapt(const Chunk& chunk, std::uint64_t rows) {
  if (rows == 0) return;
  std::size_t bytes = 0;
  for (const auto& piece : chunk.pieces) bytes += piece.rows.bytes();
  const auto bytes_per_row = std::max<std::size_t>(1, bytes / rows);
  const auto fitting = static_cast<int>(std::min<std::size_t>(chunk_bytes / bytes_per_row, chunk_rows_limit));
  rows_per_chunk_ = std::clamp(fitting, 1, rows_per_chunk_ * growth_limit);
}

LoadReader::Chunk LoadReader::give_up(const LoadPosition& position) {
  Chunk chunk{{}, position, true};
  chunk.pieces.push_back({position.topic, {}, position.last_key, true, true, 0, true});
  return chunk;
}

// Usually the chunk's rows are about as large as those of the last one, and can be read as they are found.
// Only where they are not PostgreSQL has to keep them all to find out which of them fill the chunk.
LoadReader::Chunk LoadReader::read_rows(LoadTable& table, const LoadPosition& position,
                                        std::size_t piece_bytes) {
  const postgres::Params after(position.last_key.begin(), position.last_key.end());
  const auto bytes = connection_.query(table.size_query(after.empty(), rows_per_chunk_), after).uint64(0, 0);
  const bool fit = bytes <= 2 * chunk_bytes;
  connection_.query("DECLARE outbox_chunk NO SCROLL CURSOR FOR " +
                        (fit ? table.rows_query(after.empty(), rows_per_chunk_)
                             : table.bounded_query(after.empty(), rows_per_chunk_, chunk_bytes)),
                    after);
  ChunkWriter writer(table, position, piece_bytes);
  fetch_rows(writer);
  return writer.finish(fit && writer.rows() < static_cast<std::uint64_t>(rows_per_chunk_));
}

// The rest is prepared while the first rows are written as JSON.
void LoadReader::fetch_rows(ChunkWriter& writer) {
  static const auto fetch = "FETCH " + std::to_string(rows_per_fetch) + " FROM outbox_chunk";
  bool is_last = false;
  for (connection_.send(fetch); !is_last;) {
    const auto rows = connection_.receive();
    is_last = rows.size() < rows_per_fetch;
    if (!is_last) connection_.send(fetch);
    writer.add(rows);
  }
  connection_.query("CLOSE outbox_chunk");
}

std::optional<LoadReader::Chunk> LoadReader::read(const LoadPosition& position, std::size_t piece_bytes) {
  why_not_.clear();
  try {
    auto table = describe_table(connection_, subscription_, position.topic);
    if (!table) return give_up(position);
    if (!may_have_key(*table)) return std::nullopt;
    if (!table->operator_schemas.empty()) see_operators(*table);
    auto chunk = read_rows(*table, position, piece_bytes);
    if (was_changed(table->oid)) return std::nullopt;
    adapt(chunk, chunk.next.rows - position.rows);
    return chunk;
  } catch (const postgres::StatementFailed& error) {
    why_not_ = error.what();
    return std::nullopt;
  }
}

}  // namespace mailboat::producer
