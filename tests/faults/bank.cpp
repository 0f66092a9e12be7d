#include "tests/faults/bank.hpp"

#include <array>
#include <cstdlib>
#include <sstream>

#include "tests/support/eventually.hpp"

namespace mailboat::test {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::array<const char*, 3> tables{"checking", "savings", "loans"};

// An account lives at home or, for a while, in the next table.
const char* home(int account) { return tables.at(static_cast<std::size_t>(account % 3)); }
const char* away(int account) { return home(account + 1); }

}  // namespace

void bank::open(const Pipeline& pipeline) {
  for (const std::string table : tables)
    pipeline.sql("CREATE TABLE " + table + " (id int PRIMARY KEY, balance int)");
  for (int account = 0; account < accounts; ++account) {
    pipeline.sql(std::string("INSERT INTO ") + home(account) + " VALUES (" + std::to_string(account) + ", " +
                 std::to_string(opening_balance) + ")");
  }
  pipeline.sql(
      "SELECT outbox.track('checking'), outbox.track('savings', capture => 'statement'),"
      " outbox.track('loans')");
}

std::string bank::lasting_difference(const Pipeline& pipeline) {
  std::string found;
  eventually([&] {
    found.clear();
    for (const std::string table : tables) {
      const auto difference = pipeline.difference(table, "id, balance");
      if (!difference.empty()) found += table + ": " + difference + "\n";
    }
    return found.empty();
  });
  return found;
}

Teller::Teller(std::string conninfo, std::uint64_t seed, Habits habits)
    : conninfo_(std::move(conninfo)),
      habits_(habits),
      random_(seed),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

void Teller::work(const std::stop_token& stop) {
  const auto work_until_disconnected = [&] {
    try {
      postgres::Connection connection(conninfo_, "teller");
      if (!habits_.waits_for_disk) connection.query("SET synchronous_commit = off");
      while (!stop.stop_requested()) commits_ += transact(connection) ? 1 : 0;
    } catch (const postgres::ConnectionLost&) {
      // The server has crashed. Whether a commit under way still counted does not matter to us.
    }
    return stop.stop_requested();
  };
  eventually(work_until_disconnected, hours(1));
}

bool Teller::transact(postgres::Connection& connection) {
  try {
    postgres::Transaction transaction(connection, postgres::Transaction::Kind::ReadWrite);
    if (pick(1, 20) == 1) {
      transaction.query("SELECT pg_current_xact_id()");  // an early number, and others commit before it
      stall(transaction);
    }
    for (int moves = pick(1, 5); moves > 0; --moves) {
      if (pick(1, 8) == 1) err_and_return(transaction);
      if (!(pick(1, 4) == 1 ? move_account(transaction) : move_money(transaction))) return false;
      if (pick(1, 40) == 1) stall(transaction);
    }
    if (pick(1, 8) == 1) return false;
    transaction.commit();
    return true;
  } catch (const postgres::StatementFailed&) {
    return false;  // a deadlock among tellers
  }
}

bool Teller::move_money(postgres::Transaction& transaction) {
  const int amount = pick(1, 100);
  return change(transaction, pick(0, bank::accounts - 1), -amount) &&
         change(transaction, pick(0, bank::accounts - 1), amount);
}

bool Teller::change(postgres::Transaction& transaction, int account, int amount) {
  for (const std::string table : {home(account), away(account)}) {
    const auto changed = transaction.query(
        "UPDATE " + table + " SET balance = balance + $1::int WHERE id = $2::int RETURNING 1",
        {std::to_string(amount), std::to_string(account)});
    if (!changed.empty()) return true;
  }
  return false;  // it moved while we looked
}

bool Teller::move_account(postgres::Transaction& transaction) {
  const int account = pick(0, bank::accounts - 1);
  for (const auto& [from, to] :
       {std::pair(home(account), away(account)), std::pair(away(account), home(account))}) {
    const auto moved = transaction.query(std::string("WITH moved AS (DELETE FROM ") + from +
                                             " WHERE id = $1::int RETURNING *) INSERT INTO " + to +
                                             " SELECT * FROM moved RETURNING 1",
                                         {std::to_string(account)});
    if (!moved.empty()) return true;
  }
  return false;
}

void Teller::err_and_return(postgres::Transaction& transaction) {
  transaction.query("SAVEPOINT before_error");
  change(transaction, pick(0, bank::accounts - 1), pick(1, 100));  // half a move
  transaction.query("ROLLBACK TO before_error");
}

void Teller::stall(postgres::Transaction& transaction) {
  transaction.query("SELECT pg_sleep($1::float8 / 1000)", {std::to_string(pick(0, 300))});
}

Auditor::Auditor(const Pipeline& pipeline)
    : process_({program("mailboat-auditor"), pipeline.file().string(), std::to_string(bank::total),
                std::to_string(bank::accounts)}) {}

void Auditor::finish() {
  process_.kill(SIGTERM);
  static_cast<void>(process_.wait(seconds(30)));
}

int Auditor::last_figure(std::string_view name) const {
  const auto output = process_.output();
  const auto found = output.rfind(name);
  return found == std::string::npos ? 0 : std::atoi(output.c_str() + found + name.size());
}

std::vector<std::string> Auditor::complaints() const {
  std::vector<std::string> found;
  std::istringstream lines(process_.output());
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("wrong: ")) found.push_back(line);
  }
  return found;
}

}  // namespace mailboat::test
