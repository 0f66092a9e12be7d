#include "bench/limits.hpp"

#include <algorithm>
#include <future>

#include "bench/feed.hpp"
#include "bench/read_window.hpp"
#include "bench/sqlite_alone.hpp"
#include "bench/stopwatch.hpp"
#include "common/error.hpp"
#include "producer/source.hpp"

namespace mailboat::bench {
namespace {

postgres::Connection connect(const std::string& conninfo) {
  return producer::connect_to_source(conninfo, "mailboat-bench");
}

DecodedRows decode(const std::string& conninfo, const Snapshot& from, const consumer::Relation& relation) {
  auto connection = connect(conninfo);
  return {connection, from, relation};
}

}  // namespace

Limits::Limits(std::string conninfo, Snapshot from, Description table, std::filesystem::path folder)
    : conninfo_(std::move(conninfo)),
      from_(std::move(from)),
      table_(std::move(table)),
      folder_(std::move(folder)),
      rows_(decode(conninfo_, from_, table_.relation)) {}

double Limits::write_alone() const {
  const auto file = folder_ / "alone.db";
  const auto seconds = upsert_alone(file, table_, rows_);
  remove_database(file);
  return seconds;
}

double Limits::read_alone() const {
  auto connection = connect(conninfo_);
  std::size_t read = 0;
  const Stopwatch watch;
  read_window(connection, from_,
              [&](const postgres::Rows& rows) { read += static_cast<std::size_t>(rows.size()); });
  const auto seconds = watch.seconds();
  if (read != rows_.size()) throw Error("the window has changed while it was measured");
  return seconds;
}

void Limits::measure(const std::string& part, Figures& figures) const {
  const auto rate = [this](double seconds) { return static_cast<double>(rows_.size()) / seconds; };
  figures.add(part, "SQLite alone", "rows/s", rate(write_alone()));
  figures.add(part, "PostgreSQL alone", "rows/s", rate(read_alone()));
  auto reading = std::async(std::launch::async, [this] { return read_alone(); });
  const auto written = write_alone();
  figures.add(part, "both at once", "rows/s", rate(std::max(written, reading.get())));
}

}  // namespace mailboat::bench
