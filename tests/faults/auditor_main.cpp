// A reader of the replica as any user's program is one, in a process of its own: `mailboat-auditor FILE TOTAL
// ACCOUNTS` adds up the bank's three tables in one read, again and again, until SIGTERM. Prints a line for
// each read that was wrong, and now and then how many it has made.
#include <csignal>
#include <iostream>
#include <optional>
#include <stdexcept>

#include "tests/support/eventually.hpp"
#include "tests/support/sqlite_reader.hpp"

using mailboat::test::SqliteReader;

namespace {

constexpr auto audit = R"sql(
SELECT (SELECT snapshot FROM _mailboat_cursor),
       (SELECT sum(balance) FROM checking) + (SELECT sum(balance) FROM savings) + (SELECT sum(balance) FROM loans),
       (SELECT count(*) FROM checking) + (SELECT count(*) FROM savings) + (SELECT count(*) FROM loans)
)sql";
constexpr int reads_per_connection = 100;
constexpr int reads_per_report = 20;

volatile std::sig_atomic_t stopped = 0;

class Audit {
 public:
  Audit(std::string file, std::string total, std::string accounts)
      : file_(std::move(file)), total_(std::move(total)), accounts_(std::move(accounts)) {}

  void read() {
    try {
      if (!reader_ || reads_ % reads_per_connection == 0) reader_.emplace(file_);
      check(reader_->rows(audit).front());
    } catch (const std::runtime_error& error) {
      std::cout << "wrong: " << error.what() << std::endl;
    }
    if (reads_ % reads_per_report == 0) report();
  }
  void report() const { std::cout << "reads " << reads_ << " states " << states_ << std::endl; }

 private:
  void check(const SqliteReader::Row& row) {
    const auto cursor = row.at(0).value_or("");
    ++reads_;
    if (cursor != last_cursor_) ++states_;
    last_cursor_ = cursor;
    if (row.at(1) == total_ && row.at(2) == accounts_) return;
    std::cout << "wrong: " << row.at(1).value_or("none") << " in " << row.at(2).value_or("none")
              << " accounts at " << cursor << std::endl;
  }

  const std::string file_;
  const std::optional<std::string> total_;
  const std::optional<std::string> accounts_;
  std::optional<SqliteReader> reader_;
  std::string last_cursor_;
  int reads_ = 0;
  int states_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  std::signal(SIGTERM, [](int) { stopped = 1; });
  Audit audit(argv[1], argv[2], argv[3]);
  const auto read_once = [&audit] {
    audit.read();
    return stopped != 0;
  };
  mailboat::test::eventually(read_once, std::chrono::hours(1));
  audit.report();
  return 0;
}
