#include "cli/cmd_backup.hpp"

#include <chrono>
#include <csignal>

#include "cli/text_table.hpp"
#include "common/shutdown.hpp"
#include "consumer/backup.hpp"

namespace mailboat::cli {
namespace {

// One line that is written over; nothing where nobody watches.
class CopyLine {
 public:
  explicit CopyLine(const Terminal& terminal) : terminal_(terminal) {}
  ~CopyLine() {
    if (shown_) terminal_.err << "\r\x1b[K" << std::flush;
  }
  CopyLine(const CopyLine&) = delete;
  CopyLine& operator=(const CopyLine&) = delete;

  void show(std::int64_t done, std::int64_t all) {
    constexpr std::chrono::milliseconds interval{100};
    const auto now = std::chrono::steady_clock::now();
    if (!terminal_.err_is_screen || all == 0 || (done < all && now - shown_at_ < interval)) return;
    shown_at_ = now;
    shown_ = true;
    terminal_.err << "\r\x1b[K"
                  << (done < all ? "copying: " + std::to_string(100 * done / all) + " %"
                                 : "checking the copy")
                  << std::flush;
  }

 private:
  const Terminal& terminal_;
  std::chrono::steady_clock::time_point shown_at_{};
  bool shown_ = false;
};

std::string position(const consumer::StoredCursor& stored) {
  return (stored.source.empty() ? "" : "source " + stored.source + ", ") + "subscription " +
         stored.subscription + " at " + stored.cursor.snapshot.to_string() + ", last event " +
         grouped(static_cast<std::int64_t>(stored.last_event_id));
}

std::string positions(const std::vector<consumer::StoredCursor>& holds) {
  if (holds.empty()) return "a replica that has not applied anything yet";
  std::string text;
  for (const auto& stored : holds) text += (text.empty() ? "" : "; ") + position(stored);
  return text;
}

class Backup : public Command {
 public:
  void declare(CommandLine& line) override {
    line.argument({.name = "database",
                   .value = "FILE",
                   .help = "The SQLite file of a replica; its consumer may be at work",
                   .required = true},
                  database_);
    line.argument({.name = "to", .value = "FILE", .help = "The copy; must not exist yet", .required = true},
                  to_);
  }

  ExitCode run(const Context& context) override {
    // A file that reaches the process's size limit is a full disk, and not a reason to die and leave a part.
    std::signal(SIGXFSZ, SIG_IGN);
    const ShutdownSignal shutdown;
    consumer::Backup made;
    {
      CopyLine line(context.terminal);
      made = consumer::back_up(
          database_, to_, [&line](std::int64_t done, std::int64_t all) { line.show(done, all); },
          shutdown.token());
    }
    context.terminal.out << "copied " << database_ << " to " << to_ << ", " << rough_size(made.bytes) << ": "
                         << positions(made.holds) << '\n';
    return ExitCode::Done;
  }

 private:
  std::string database_;
  std::string to_;
};

}  // namespace

std::unique_ptr<Command> make_backup() { return std::make_unique<Backup>(); }

}  // namespace mailboat::cli
