#include "producer/load_reader.hpp"

#include <algorithm>
#include <utility>

#include "postgres/copy_text.hpp"
#include "producer/load_table.hpp"

namespace mailboat::producer {
namespace {

// A chunk costs the source one bounded read: about this many bytes come to us, or one row, and never more
// than this many rows. Its rows may grow in number by a factor at a time only, so that the source does not
// prepare many large rows in vain where they follow many small ones.
constexpr std::size_t chunk_bytes = 4 << 20;
constexpr int chunk_rows_limit = 20'000;
constexpr int growth_limit = 4;
// What a chunk may become where the rows turn out larger than expected.
constexpr std::size_t most_bytes = 2 * chunk_bytes;

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

// Cuts a chunk's rows into pieces as they come, until there are `most_bytes`.
class LoadReader::ChunkWriter {
 public:
  ChunkWriter(LoadTable& table, const LoadPosition& position, std::size_t piece_bytes)
      : table_(table), piece_bytes_(piece_bytes), rows_before_(position.rows), chunk_{{}, position, false} {
    begin_piece();
  }

  void add(std::string_view line) {
    if (bytes_ >= most_bytes) {
      has_left_rows_ = true;
      return;
    }
    if (table_.plain_image) {
      add_image(table_.plain_image->of(line));
    } else {
      auto rest = line;
      add_image(postgres::unescaped(postgres::next_field(rest).value_or("")));
    }
    ++chunk_.next.rows;
    last_line_ = line;
  }

  [[nodiscard]] std::uint64_t rows() const { return chunk_.next.rows - rows_before_; }
  [[nodiscard]] bool has_left_rows() const { return has_left_rows_; }

  LoadReader::Chunk finish(bool ends_load) {
    if (rows() > 0) chunk_.next.last_key = key_of(last_line_);
    auto& last = chunk_.pieces.back();
    last.ends_chunk = true;
    last.ends_load = chunk_.ends_load = ends_load;
    last.last_key = chunk_.next.last_key;
    return std::move(chunk_);
  }

 private:
  // A piece stays below piece_bytes where rows are smaller than that, and so costs one unit of the credit.
  void add_image(std::string_view image) {
    const auto bytes = chunk_.pieces.back().rows.bytes();
    if (bytes > 0 && bytes + image.size() >= piece_bytes_) begin_piece();
    chunk_.pieces.back().rows.add(image);
    bytes_ += image.size();
  }

  void begin_piece() {
    chunk_.pieces.push_back({chunk_.next.topic, {}, {}, false, false, table_.estimated_rows});
  }

  std::vector<std::string> key_of(std::string_view line) const {
    std::vector<std::string> fields;
    while (!line.empty()) fields.push_back(postgres::unescaped(postgres::next_field(line).value_or("")));
    std::vector<std::string> key;
    for (const auto field : table_.key_fields) key.push_back(field < fields.size() ? fields[field] : "");
    return key;
  }

  LoadTable& table_;
  const std::size_t piece_bytes_;
  const std::uint64_t rows_before_;
  std::size_t bytes_ = 0;
  bool has_left_rows_ = false;
  std::string last_line_;
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
  const auto rows = connection_.query_prepared(changed_query, {oid});
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

// Usually the chunk's rows are about as large as those of the last one, and can be read as they are found. A
// table with large values is asked first, and only where they do not fit PostgreSQL has to keep them all to
// find out which of them fill the chunk. A row of another has to fit into a page; what is too much of those
// is left for the next chunk when it has come.
LoadReader::Chunk LoadReader::read_rows(LoadTable& table, const LoadPosition& position,
                                        std::size_t piece_bytes) {
  const bool from_start = position.last_key.empty();
  if (!from_start) begin_after(connection_, position.last_key);
  const bool fit =
      !table.has_large_values ||
      connection_.query(table.size_query(from_start, rows_per_chunk_)).uint64(0, 0) <= most_bytes;
  ChunkWriter writer(table, position, piece_bytes);
  connection_.copy(fit ? table.rows_query(from_start, rows_per_chunk_)
                       : table.bounded_query(from_start, rows_per_chunk_, chunk_bytes),
                   [&writer](std::string_view line) { writer.add(line); });
  const bool is_all = fit && !writer.has_left_rows();
  return writer.finish(is_all && writer.rows() < static_cast<std::uint64_t>(rows_per_chunk_));
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
