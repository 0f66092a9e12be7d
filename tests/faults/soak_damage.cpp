#include "tests/faults/soak_damage.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

namespace mailboat::test {
namespace {

constexpr int busy_timeout_ms = 20'000;

// Makes the table anew, as mailboat does it but for the CHECK, with the rows of another.
void make_item(SQLite::Database& database, const std::string& check, const std::string& rows_from) {
  database.exec("CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY" + check +
                ", note TEXT, _version INTEGER NOT NULL)");
  database.exec("INSERT INTO item SELECT * FROM " + rows_from + "; DROP TABLE " + rows_from);
}

void put_item_away(SQLite::Database& database) {
  database.exec("CREATE TABLE away AS SELECT * FROM item; DROP TABLE item");
}

}  // namespace

std::string Damage::inflict(std::mt19937_64& random) {
  mend();
  SQLite::Database database(file_.string(), SQLite::OPEN_READWRITE, busy_timeout_ms);
  database.exec("PRAGMA ignore_check_constraints = ON");  // for us only: rows that are there may stay
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  if (!database.tableExists("item")) return "nothing yet: there is no table";
  const auto some_rows = "id % 5 = " + std::to_string(random() % 5);
  std::string what;
  switch (random() % 4) {
    case 0:
      what = "a CHECK that every fifth row offends";
      put_item_away(database);
      make_item(database, " CHECK (NOT " + some_rows + ")", "away");
      break;
    case 1:
      what = "a UNIQUE index that new rows offend";
      database.exec("CREATE UNIQUE INDEX by_hand ON item (note) WHERE _version > " +
                    database.execAndGet("SELECT coalesce(max(_version), 0) FROM item").getString());
      break;
    case 2:
      what = "a trigger that refuses every fifth row";
      database.exec("CREATE TRIGGER by_hand BEFORE INSERT ON item WHEN NEW." + some_rows +
                    " BEGIN SELECT RAISE(ABORT, 'by hand'); END");
      break;
    default:
      what = "the table dropped";
      put_item_away(database);
  }
  transaction.commit();
  return what;
}

void Damage::mend() {
  SQLite::Database database(file_.string(), SQLite::OPEN_READWRITE, busy_timeout_ms);
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  database.exec("DROP TRIGGER IF EXISTS by_hand; DROP INDEX IF EXISTS by_hand");
  if (database.tableExists("item")) {
    // A consumer that started meanwhile has made the dropped table again, and loads it.
    database.exec("DROP TABLE IF EXISTS away");
    put_item_away(database);
  }
  if (database.tableExists("away")) make_item(database, "", "away");
  transaction.commit();
}

}  // namespace mailboat::test
