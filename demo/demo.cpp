#include "demo/demo.hpp"

#include <thread>

#include "common/error.hpp"
#include "demo/application.hpp"
#include "demo/comparison.hpp"
#include "demo/live.hpp"

namespace mailboat::demo {
namespace {

namespace fs = std::filesystem;

constexpr auto look_interval = std::chrono::milliseconds(5);
constexpr std::uintmax_t bytes_per_backlog_row = 3000;  // table, log and WAL in PostgreSQL, the row in SQLite

class Stopwatch {
 public:
  [[nodiscard]] std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin_);
  }
  [[nodiscard]] std::int64_t rate(std::int64_t count) const {
    return count * 1000 / std::max<std::int64_t>(elapsed().count(), 1);
  }

 private:
  Clock::time_point begin_ = Clock::now();
};

}  // namespace

Demo::Demo(const DemoOptions& options, fs::path replica, Display& display, std::stop_token stop)
    : options_(options),
      file_(std::move(replica)),
      display_(display),
      stop_(std::move(stop)),
      scrobbles_(options.scrobbles),
      source_(options.postgres),
      pipeline_(source_.conninfo(), file_),
      replica_(file_) {}

bool Demo::run() {
  prepare_source();
  install();
  load();
  change_live();
  if (!compare_both_sides()) return false;
  if (options_.drain > 0) {
    drain();
    if (!compare_both_sides()) return false;
  }
  if (options_.keep) stay();
  return true;
}

void Demo::prepare_source() {
  display_.line("PostgreSQL " + source_.version() +
                (source_.is_throw_away() ? " runs in a temporary folder, just for this demo."
                                         : " is yours; everything made there is removed at the end."));
  source_.create_table();
  source_.fill(scrobbles_, 0, options_.rows, bar("Filling ", options_.rows));
  display_.line("  " + grouped(options_.rows) + " scrobbles are in " + table_name + '.');
}

void Demo::install() {
  const std::string table = "public." + std::string(table_name);
  pipeline_.command({"migrate"});
  pipeline_.command({"track", table});
  pipeline_.command({"subscribe", subscription_name, "--topics", table});
  display_.line("mailboat is installed there: migrate, track " + table + ", subscribe " + subscription_name +
                '.');
}

void Demo::load() {
  display_.line("First load: the rows that are there already.");
  const Stopwatch stopwatch;
  pipeline_.start_producer();
  pipeline_.start_consumer();
  const auto show = bar("Loading ", options_.rows);
  for (auto load = replica_.load(); !load.finished; load = replica_.load()) {
    show(load.rows);
    pipeline_.require_running();
    std::this_thread::sleep_for(look_interval);
  }
  display_.line("  " + grouped(options_.rows) + " rows are in SQLite after " + readable(stopwatch.elapsed()) +
                " (" + grouped(stopwatch.rate(options_.rows)) + " rows/s).");
}

void Demo::change_live() {
  display_.line("Live: " + grouped(options_.connections) + " connections insert, correct and delete for " +
                grouped(options_.seconds) + " s; transactions commit out of order, some roll back.");
  Application application(source_.conninfo(), scrobbles_, options_.connections, options_.rows);
  LiveChapter chapter(application, pipeline_, replica_, display_);
  chapter.run(std::chrono::seconds(options_.seconds), [this] {
    check();
    pipeline_.require_running();
  });
  const auto totals = application.totals();
  display_.line("  " + grouped(totals.transactions) + " transactions committed, " +
                grouped(totals.rolled_back) + " rolled back: " + grouped(totals.inserted) + " inserts, " +
                grouped(totals.corrected) + " corrections, " + grouped(totals.deleted) + " deletes.");
  display_.line("  From commit to SQLite: half within " + readable(chapter.lag().delay(0.5)) +
                ", 90 % within " + readable(chapter.lag().delay(0.9)) + "; at worst, over the kill, " +
                readable(chapter.lag().delay(1)) + '.');
}

bool Demo::compare_both_sides() {
  wait_for_replica(source_.committed_marker());
  const auto result = compare(source_.conninfo(), replica_.reader(), [this](std::int64_t rows) {
    check();
    display_.moving("  compared " + grouped(rows) + " rows");
  });
  if (result.differences == 0) {
    display_.line("Compared row by row: " + grouped(result.rows) + " rows, all equal.");
    return true;
  }
  display_.line("Compared row by row: " + grouped(result.rows) + " rows, " + grouped(result.differences) +
                " DIFFERENT:");
  for (const auto& sample : result.samples) display_.line("  " + sample);
  return false;
}

void Demo::drain() {
  const auto needed = static_cast<std::uintmax_t>(options_.drain) * bytes_per_backlog_row;
  if (source_.is_throw_away() && fs::space(fs::temp_directory_path()).available < needed) {
    display_.line("The drain is left out: it needs " + mebibytes(needed) + " in " +
                  fs::temp_directory_path().string() + ". Give --drain a smaller number, or set TMPDIR.");
    return;
  }
  pipeline_.stop_consumer();
  display_.line("Backlog: the consumer is stopped while the source goes on.");
  source_.fill(scrobbles_, 2 * options_.rows, options_.drain, bar("Inserting", options_.drain));
  const Stopwatch stopwatch;
  pipeline_.start_consumer({"--until-caught-up"});
  while (!pipeline_.consumer_is_done()) {
    check();
    display_.moving("  draining for " + readable(stopwatch.elapsed()));
    std::this_thread::sleep_for(look_interval);
  }
  display_.line("  " + grouped(options_.drain) + " events drained in " + readable(stopwatch.elapsed()) +
                ": " + grouped(stopwatch.rate(options_.drain)) + " events/s. Peak memory: producer " +
                mebibytes(pipeline_.producer_memory()) + ", consumer " +
                mebibytes(pipeline_.consumer_memory()) + '.');
  pipeline_.start_consumer();
}

void Demo::stay() {
  display_.line("");
  display_.line("Everything stays up until Ctrl-C. In another terminal:");
  // The user's own may hold a password.
  const auto conninfo = source_.is_throw_away() ? source_.conninfo() : "YOUR SERVER";
  display_.line("  psql '" + conninfo + "'");
  display_.line("  " + test::program("mailboat") + " --postgres '" + conninfo + "' status");
  display_.line("  sqlite3 " + file_.string());
  while (!stop_.stop_requested()) {
    pipeline_.require_running();
    std::this_thread::sleep_for(look_interval);
  }
}

void Demo::wait_for_replica(TransactionId marker) {
  while (!replica_.position().covers(marker)) {
    check();
    pipeline_.require_running();
    display_.moving("  waiting for the last changes");
    std::this_thread::sleep_for(look_interval);
  }
}

void Demo::check() {
  if (stop_.stop_requested()) throw Interrupted();
}

Progress Demo::bar(const char* label, std::int64_t all) {
  return [this, label, all](std::int64_t done) {
    check();
    display_.bar(label, done, all, "rows");
  };
}

}  // namespace mailboat::demo
