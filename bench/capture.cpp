#include "bench/capture.hpp"

#include <algorithm>
#include <array>
#include <fstream>

#include "bench/feed.hpp"
#include "bench/pgbench.hpp"
#include "bench/processor_time.hpp"
#include "bench/progress.hpp"
#include "bench/stopwatch.hpp"
#include "bench/workload.hpp"

namespace mailboat::bench {
namespace {

constexpr std::uint64_t most_scale = 10;
constexpr std::uint64_t events_per_scale = 100'000;

/// The three ways to write the same rows. Each has a table of its own.
struct Mode {
  std::string name;
  std::string track;  ///< completes SELECT outbox.track('public.x'...); empty: not tracked
};
const std::array modes{Mode{"plain", ""}, Mode{"row", ", capture => 'row'"},
                       Mode{"statement", ", capture => 'statement'"}};

void add(Figures& figures, const std::string& part, const std::string& name, const Pgbench::Result& result) {
  figures.add(part, name, "tx/s", result.rate);
  figures.add(part, name + ", PostgreSQL", "us/tx", result.server_seconds * 1e6);
}

void track(postgres::Connection& connection, const std::string& table, const Mode& mode) {
  if (!mode.track.empty()) connection.query("SELECT outbox.track('public." + table + "'" + mode.track + ")");
}

/// pgbench's own transactions on four tables, which are tracked in one of two databases.
class BankCapture {
 public:
  BankCapture(test::Cluster& cluster, std::uint64_t scale)
      : tracked_(cluster),
        untracked_(cluster),
        on_tracked_(cluster, tracked_.conninfo()),
        on_untracked_(cluster, untracked_.conninfo()) {
    on_tracked_.make_tables(scale);
    on_untracked_.make_tables(scale);
    for (const auto* table : {"pgbench_accounts", "pgbench_branches", "pgbench_tellers", "pgbench_history"}) {
      track(tracked_.sql(), table, modes[1]);
    }
  }

  void measure(std::uint32_t run, std::uint32_t seconds, Figures& figures) const {
    const std::array<std::pair<const char*, const Pgbench*>, 2> sides{
        {{"untracked", &on_untracked_}, {"tracked", &on_tracked_}}};
    for (std::size_t i = 0; i < sides.size(); ++i) {
      const auto& [name, pgbench] = sides[(i + run) % sides.size()];
      add(figures, part, name, pgbench->run(seconds));
    }
  }

  static void compare(Figures& figures) {
    figures.add_ratio(part, "tracked / untracked", {part, "tracked"}, {part, "untracked"});
  }

 private:
  static constexpr auto part = "capture TPC-B";
  Feed tracked_;
  Feed untracked_;
  Pgbench on_tracked_;
  Pgbench on_untracked_;
};

/// One row in each transaction.
class RowCapture {
 public:
  explicit RowCapture(test::Cluster& cluster) : feed_(cluster), pgbench_(cluster, feed_.conninfo()) {
    for (const auto& mode : modes) {
      feed_.sql().query("CREATE TABLE public.single_" + mode.name +
                        " (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,"
                        " artist text NOT NULL, album text, image text, mbid uuid, url text,"
                        " date timestamptz NOT NULL)");
      track(feed_.sql(), "single_" + mode.name, mode);
      std::ofstream(script(mode)) << "INSERT INTO single_" << mode.name
                                  << " (name, artist, album, image, mbid, url, date) VALUES ('Sinnerman',"
                                     " 'Nina Simone', 'Pastel Blues', 'https://lastfm.freetls.fastly.net/i/u/"
                                     "300x300/8d5a2cd1e2b5f1a68d5a2cd1e2b5f1a6.png',"
                                     " 'c4ca4238-a0b9-2382-0dcc-509a6f75849b',"
                                     " 'https://www.last.fm/music/Nina+Simone/_/Sinnerman', now());\n";
    }
  }

  void measure(std::uint32_t run, std::uint32_t seconds, Figures& figures) const {
    for (std::size_t i = 0; i < modes.size(); ++i) {
      const auto& mode = modes[(i + run) % modes.size()];
      add(figures, part, mode.name, pgbench_.run(seconds, script(mode)));
    }
  }

  static void compare(Figures& figures) {
    figures.add_ratio(part, "row / plain", {part, "row"}, {part, "plain"});
    figures.add_ratio(part, "statement / plain", {part, "statement"}, {part, "plain"});
  }

 private:
  [[nodiscard]] std::string script(const Mode& mode) const {
    return (feed_.folder() / (mode.name + ".sql")).string();
  }

  static constexpr auto part = "capture one row";
  Feed feed_;
  Pgbench pgbench_;
};

/// Many rows in one statement.
class BulkCapture {
 public:
  BulkCapture(test::Cluster& cluster, std::uint64_t rows) : feed_(cluster), rows_(rows) {
    auto& sql = feed_.sql();
    create_table(sql, scrobbles());
    insert_rows(sql, scrobbles(), rows);
    for (const auto& mode : modes) {
      sql.query("CREATE TABLE public.bulk_" + mode.name + " (LIKE public." + scrobbles().table +
                " INCLUDING ALL)");
      track(sql, "bulk_" + mode.name, mode);
    }
  }

  void measure(std::uint32_t run, Figures& figures) {
    for (std::size_t i = 0; i < modes.size(); ++i) measure(modes[(i + run) % modes.size()], figures);
  }

  static void compare(Figures& figures) {
    figures.add_ratio(part, "row / plain", {part, "row"}, {part, "plain"});
    figures.add_ratio(part, "statement / plain", {part, "statement"}, {part, "plain"});
  }

 private:
  void measure(const Mode& mode, Figures& figures) {
    auto& sql = feed_.sql();
    sql.query("TRUNCATE public.bulk_" + mode.name);
    sql.query("TRUNCATE outbox.event");
    sql.query("CHECKPOINT");
    const auto process = backends(sql, "mailboat-bench").front();
    const auto before = processor_time(process);
    const Stopwatch watch;
    sql.query("INSERT INTO public.bulk_" + mode.name + " SELECT * FROM public." + scrobbles().table);
    const auto seconds = watch.seconds();
    const auto count = static_cast<double>(rows_);
    figures.add(part, mode.name, "rows/s", count / seconds);
    figures.add(part, mode.name + ", PostgreSQL", "us/row", (processor_time(process) - before) * 1e6 / count);
  }

  static constexpr auto part = "capture bulk";
  Feed feed_;
  const std::uint64_t rows_;
};

}  // namespace

void measure_capture(test::Cluster& cluster, const Options& options, Figures& figures) {
  say("preparing capture");
  const BankCapture bank(cluster,
                         std::clamp<std::uint64_t>(options.events / events_per_scale, 1, most_scale));
  const RowCapture row(cluster);
  BulkCapture bulk(cluster, options.events);
  for (std::uint32_t run = 0; run < options.runs; ++run) {
    say("capture: run " + std::to_string(run + 1) + " of " + std::to_string(options.runs));
    bank.measure(run, options.seconds, figures);
    row.measure(run, options.seconds, figures);
    bulk.measure(run, figures);
  }
  BankCapture::compare(figures);
  RowCapture::compare(figures);
  BulkCapture::compare(figures);
}

}  // namespace mailboat::bench
