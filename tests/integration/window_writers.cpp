#include "tests/integration/window_writers.hpp"

#include "tests/support/seed.hpp"

namespace mailboat::producer {
namespace {

void write_something(postgres::Connection& connection, std::minstd_rand& random) {
  const auto id = [&random] { return std::to_string(random() % 40); };
  postgres::Transaction transaction(connection, postgres::Transaction::Kind::ReadWrite);
  if (random() % 3 == 0) transaction.query("SELECT pg_current_xact_id()");
  const auto changes = 1 + random() % 4;
  for (unsigned i = 0; i < changes; ++i) {
    transaction.query("SAVEPOINT before");
    switch (random() % 5) {
      case 0:
        transaction.query("DELETE FROM item WHERE id = $1::int", {id()});
        break;
      case 1:
        transaction.query("UPDATE item SET id = id + 100 WHERE id = $1::int AND id < 100", {id()});
        break;
      default:
        transaction.query(
            "INSERT INTO item VALUES ($1::int, $2) ON CONFLICT (id) DO UPDATE SET value = excluded.value",
            {id(), std::to_string(random())});
    }
    if (random() % 4 == 0) transaction.query("ROLLBACK TO before");
    if (random() % 8 == 0) transaction.query("SELECT pg_sleep(random() * 0.05)");
  }
  if (random() % 5 == 0) {
    transaction.rollback();
  } else {
    transaction.commit();
  }
}

}  // namespace

Writers::Writers(const std::string& conninfo, int count) {
  for (int i = 0; i < count; ++i) {
    threads_.emplace_back([conninfo, i, this](const std::stop_token& stop) {
      postgres::Connection connection(conninfo, "writer");
      std::minstd_rand random(static_cast<unsigned>(test::seed()) + static_cast<unsigned>(i));
      while (!stop.stop_requested()) {
        try {
          write_something(connection, random);
        } catch (
            const postgres::StatementFailed&) {  // a deadlock or a key that is taken: as good as a rollback
        }
        ++transactions_;
      }
    });
  }
}

}  // namespace mailboat::producer
