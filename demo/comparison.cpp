#include "demo/comparison.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>

#include "postgres/connection.hpp"

namespace mailboat::demo {
namespace {

using Row = test::SqliteReader::Row;
using Page = std::vector<Row>;

constexpr std::size_t page_rows = 10'000;
constexpr std::size_t most_samples = 5;

std::int64_t id_of(const Row& row) { return std::stoll(row.front().value_or("0")); }

/// One side's rows by ascending id, a page at a time.
class Side {
 public:
  using ReadPage = std::function<Page(std::int64_t after)>;
  explicit Side(ReadPage read_page) : read_page_(std::move(read_page)) {}

  /// nullptr at the end.
  const Row* current() {
    if (next_ == page_.size() && !at_end_) {
      page_ = read_page_(last_id_);
      next_ = 0;
      at_end_ = page_.empty();
      if (!page_.empty()) last_id_ = id_of(page_.back());
    }
    return at_end_ ? nullptr : &page_[next_];
  }
  void advance() { ++next_; }

 private:
  ReadPage read_page_;
  Page page_;
  std::size_t next_ = 0;
  std::int64_t last_id_ = 0;
  bool at_end_ = false;
};

/// Dates in the form that the replica keeps them in.
Page source_page(postgres::Connection& connection, std::int64_t after) {
  const auto rows = connection.query(
      "SELECT id, name, artist, album, image, mbid, url,"
      " to_char(date AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS\"Z\"')"
      " FROM public.music_scrobble_records WHERE id > $1 ORDER BY id LIMIT $2",
      {std::to_string(after), std::to_string(page_rows)});
  constexpr int columns = 8;
  Page page;
  for (int i = 0; i < rows.size(); ++i) {
    Row row;
    for (int column = 0; column < columns; ++column) row.push_back(rows.optional_text(i, column));
    page.push_back(std::move(row));
  }
  return page;
}

Page replica_page(const test::SqliteReader& replica, std::int64_t after) {
  return replica.rows(
      "SELECT id, name, artist, album, image, mbid, url, date FROM music_scrobble_records"
      " WHERE id > " +
      std::to_string(after) + " ORDER BY id LIMIT " + std::to_string(page_rows));
}

class Finding {
 public:
  void row_seen() { ++result_.rows; }
  void difference(std::int64_t id, const char* what) {
    ++result_.differences;
    if (result_.samples.size() < most_samples)
      result_.samples.push_back("id " + std::to_string(id) + ": " + what);
  }
  [[nodiscard]] const Comparison& result() const { return result_; }

 private:
  Comparison result_;
};

/// Compares the smallest id of both sides and moves on. False when both have ended.
bool step(Side& source, Side& replica, Finding& finding) {
  const Row* ours = source.current();
  const Row* theirs = replica.current();
  if (ours == nullptr && theirs == nullptr) return false;
  if (ours == nullptr || (theirs != nullptr && id_of(*theirs) < id_of(*ours))) {
    finding.difference(id_of(*theirs), "in SQLite, not in PostgreSQL");
    replica.advance();
    return true;
  }
  finding.row_seen();
  if (theirs == nullptr || id_of(*ours) < id_of(*theirs)) {
    finding.difference(id_of(*ours), "in PostgreSQL, not in SQLite");
  } else {
    if (*ours != *theirs) finding.difference(id_of(*ours), "another value in SQLite");
    replica.advance();
  }
  source.advance();
  return true;
}

}  // namespace

Comparison compare(const std::string& conninfo, const test::SqliteReader& replica, const Progress& progress) {
  postgres::Connection connection(conninfo, "mailboat-demo comparison");
  Side source_side([&](std::int64_t after) { return source_page(connection, after); });
  Side replica_side([&](std::int64_t after) { return replica_page(replica, after); });
  Finding finding;
  while (step(source_side, replica_side, finding)) {
    if (finding.result().rows % static_cast<std::int64_t>(page_rows) == 0) progress(finding.result().rows);
  }
  return finding.result();
}

}  // namespace mailboat::demo
