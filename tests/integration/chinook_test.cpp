// The Chinook sample database, from its PostgreSQL script to its official SQLite edition, by the routes of
// docs/examples/chinook.toml. Its files are no part of the project: where they are not beside it, the tests
// are skipped.
#include <SQLiteCpp/SQLiteCpp.h>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/integration/cli_fixture.hpp"
#include "tests/integration/pipeline_fixture.hpp"

namespace mailboat::test {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

const fs::path project = MAILBOAT_SOURCE_DIR;

/// `shared/data/chinook` beside the project or further up; empty when it is not there.
fs::path chinook_folder() {
  for (auto folder = project; folder.has_relative_path(); folder = folder.parent_path()) {
    if (auto found = folder / "shared" / "data" / "chinook"; fs::exists(found)) return found;
  }
  return {};
}

/// The script without the lines that make a database and go to it.
std::string script_in(const fs::path& file) {
  std::ifstream stream(file);
  std::string script;
  for (std::string line; std::getline(stream, line);) {
    const auto begins = [&line](const char* text) { return line.starts_with(text); };
    if (!begins("DROP DATABASE") && !begins("CREATE DATABASE") && !begins("\\c ")) script += line + '\n';
  }
  return script;
}

/// Every column of a table as `typeof:value`, rows in the order of the key. `_version` is mailboat's.
Texts lines_of(const fs::path& file, const std::string& table) {
  const SqliteReader reader(file);
  std::string row;
  for (const auto& column : reader.rows("SELECT name FROM pragma_table_info('" + table + "')")) {
    if (column[0] == "_version") continue;
    const auto name = '"' + *column[0] + '"';
    row += (row.empty() ? "" : " || ' ' || ") + ("'" + *column[0] + "=' || typeof(") + name +
           ") || ':' || quote(" + name + ")";
  }
  Texts lines;
  for (const auto& line : reader.rows("SELECT " + row + " FROM \"" + table + "\" ORDER BY 1")) {
    lines.push_back(*line[0]);
  }
  return lines;
}

// Where both editions do not say the same. The script writes N'Edinburgh ', which PostgreSQL reads as a
// char(n): turned into varchar it loses the space at its end, which the SQLite edition has kept.
struct DeclaredException {
  const char* correction;
  int rows;
};
const std::vector<DeclaredException> exceptions{
    {"UPDATE Customer SET City = 'Edinburgh' WHERE City = 'Edinburgh '", 1},
    {"UPDATE Invoice SET BillingCity = 'Edinburgh' WHERE BillingCity = 'Edinburgh '", 7}};

const Texts tables{"Album",       "Artist",    "Customer", "Employee",      "Genre", "Invoice",
                   "InvoiceLine", "MediaType", "Playlist", "PlaylistTrack", "Track"};

/// What applications do, in both spellings.
struct Change {
  std::string postgres;
  std::string sqlite;
};
const std::vector<Change> changes{
    {"INSERT INTO artist VALUES (1000, 'Grétry''s 𝄞 Band'), (1001, NULL)",
     "INSERT INTO Artist VALUES (1000, 'Grétry''s 𝄞 Band'), (1001, NULL)"},
    {"UPDATE album SET artist_id = 1000, title = upper(title) WHERE album_id % 10 = 0 AND title ~ '^[ -~]*$'",
     "UPDATE Album SET ArtistId = 1000, Title = upper(Title) WHERE AlbumId % 10 = 0 AND Title NOT GLOB '*[^ "
     "-~]*'"},
    {"UPDATE track SET unit_price = 1.00 WHERE genre_id = 2",
     "UPDATE Track SET UnitPrice = 1.00 WHERE GenreId = 2"},
    {"UPDATE invoice SET invoice_date = '2025-02-28 23:59:59', total = total + 100000 WHERE invoice_id <= 20",
     "UPDATE Invoice SET InvoiceDate = '2025-02-28 23:59:59', Total = round(Total + 100000, 2) WHERE "
     "InvoiceId <= 20"},
    {"DELETE FROM playlist_track WHERE playlist_id = 5", "DELETE FROM PlaylistTrack WHERE PlaylistId = 5"},
    {"UPDATE playlist_track SET playlist_id = 2 WHERE playlist_id = 3",
     "UPDATE PlaylistTrack SET PlaylistId = 2 WHERE PlaylistId = 3"},
    {"DELETE FROM invoice_line; DELETE FROM invoice WHERE invoice_id > 400",
     "DELETE FROM InvoiceLine; DELETE FROM Invoice WHERE InvoiceId > 400"},
    {"TRUNCATE playlist_track; INSERT INTO playlist_track VALUES (1, 1)",
     "DELETE FROM PlaylistTrack; INSERT INTO PlaylistTrack VALUES (1, 1)"},
    {"UPDATE employee SET reports_to = NULL, birth_date = NULL, fax = '' WHERE employee_id = 8",
     "UPDATE Employee SET ReportsTo = NULL, BirthDate = NULL, Fax = '' WHERE EmployeeId = 8"}};

class Chinook : public Pipeline {
 protected:
  void SetUp() override {
    const auto folder = chinook_folder();
    if (folder.empty()) {
      GTEST_SKIP() << "SKIPPED: there is no shared/data/chinook beside " << project
                   << ". This test carries the Chinook database, whose files it does not have";
    }
    fs::copy_file(folder / "chinook_sqlite.sqlite", official);
    fs::permissions(official, fs::perms::owner_write, fs::perm_options::add);
    SQLite::Database edition(official, SQLite::OPEN_READWRITE);
    for (const auto& one : exceptions) EXPECT_EQ(edition.exec(one.correction), one.rows) << one.correction;
    sql(script_in(folder / "chinook_postgresql.sql"));
    sql("SELECT outbox.track(oid::regclass) FROM pg_class WHERE relkind = 'r' AND relnamespace = "
        "'public'::regnamespace");
    subscribe();
    consumer_options = {"--config", project / "docs" / "examples" / "chinook.toml"};
    start_producer();
  }

  void expect_official_edition() const {
    for (const auto& table : tables) {
      const auto theirs = lines_of(official, table);
      const auto ours = lines_of(file(), table);
      EXPECT_EQ(ours.size(), theirs.size()) << table;
      const auto [mine, other] = std::mismatch(ours.begin(), ours.end(), theirs.begin(), theirs.end());
      if (mine != ours.end() && other != theirs.end()) {
        ADD_FAILURE() << table << ", the first of those that differ:\n" << *mine << '\n' << *other;
      }
    }
  }

  const fs::path official = file() + ".official";
};

TEST_F(Chinook, LosesSpacesInPostgresAlready) {
  EXPECT_EQ(value("SELECT count(*) FROM customer WHERE city = 'Edinburgh'"), "1");
  EXPECT_EQ(value("SELECT count(*) FROM invoice WHERE billing_city = 'Edinburgh'"), "7");
}

TEST_F(Chinook, IsItsOfficialSqliteEditionRowByRow) {
  catch_up();
  EXPECT_EQ(lines_of(official, "Track").size(), 3503U);
  expect_official_edition();
}

TEST_F(Chinook, StaysSoWhileItChangesAndVerifyFindsNothing) {
  catch_up();
  start_consumer();
  SQLite::Database edition(official, SQLite::OPEN_READWRITE);
  for (const auto& change : changes) {
    sql(change.postgres);
    edition.exec(change.sqlite);
  }
  const auto verified = mailboat(conninfo, {"verify", "replica"});
  EXPECT_EQ(verified.code, ExitCode::Done) << verified.out << verified.err << said();
  expect_official_edition();
}

}  // namespace
}  // namespace mailboat::test
