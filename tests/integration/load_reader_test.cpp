// Chunks of a table's rows, each exact at its window's snapshot.
#include "producer/load_reader.hpp"

#include <algorithm>

#include "tests/integration/window_fixture.hpp"

namespace mailboat::producer {
namespace {

using LoadReaderTest = WindowTest;

TEST_F(LoadReaderTest, AKeyOfAnExtensionsTypeIsLoadedInItsOwnOrder) {
  admin_.query(
      "CREATE SCHEMA extra; CREATE EXTENSION citext SCHEMA extra; CREATE TABLE tag (name extra.citext "
      "PRIMARY KEY);"
      "INSERT INTO tag SELECT CASE n % 2 WHEN 0 THEN 'a' ELSE 'A' END || n FROM generate_series(1, 3000) n;"
      "SELECT outbox.track('tag')");
  LoadReader load(source_, everything_);
  LoadPosition position{"public.tag", {}, 0};
  for (bool done = false; !done;) {
    reader_.open(std::nullopt);
    const auto chunk = load.read(position, batch_bytes);
    ASSERT_TRUE(chunk.has_value()) << load.why_not();
    position = chunk->next;
    done = chunk->ends_load;
    reader_.finish();
  }
  EXPECT_EQ(position.rows, 3000U);
}

TEST_F(LoadReaderTest, AChunkIsNotTrustedWhenTheTableWasTruncatedOrRewrittenAfterItsSnapshot) {
  admin_.query("INSERT INTO item SELECT n, 'x' FROM generate_series(1, 100) n");
  LoadReader load(source_, everything_);
  for (const auto* change : {"ALTER TABLE item ADD COLUMN extra int",
                             "ALTER TABLE item ALTER COLUMN id TYPE bigint", "TRUNCATE item"}) {
    reader_.open(std::nullopt);
    const bool rewrites = std::string_view(change).find("ADD COLUMN") == std::string_view::npos;
    admin_.query(change);
    const auto chunk = load.read({"public.item", {}, 0}, batch_bytes);
    EXPECT_EQ(chunk.has_value(), !rewrites) << change;
    reader_.finish();
  }
}

TEST_F(LoadReaderTest, AChunkIsNotTrustedWhenANameHasAnotherMeaningSinceItsSnapshot) {
  admin_.query("ALTER TABLE item ADD COLUMN other text; CREATE TABLE twin (LIKE item INCLUDING ALL)");
  admin_.query("INSERT INTO item SELECT n, 'value', 'other' FROM generate_series(1, 10) n");
  LoadReader load(source_, everything_);
  for (const auto* change : {"ALTER TABLE item RENAME value TO x; ALTER TABLE item RENAME other TO value; "
                             "ALTER TABLE item RENAME x TO "
                             "other",
                             "ALTER TABLE item DROP COLUMN other; ALTER TABLE item ADD COLUMN other text",
                             "ALTER TABLE item RENAME TO gone; ALTER TABLE twin RENAME TO item"}) {
    reader_.open(std::nullopt);
    admin_.query(change);
    EXPECT_FALSE(load.read({"public.item", {}, 0}, batch_bytes).has_value()) << change;
    EXPECT_NE(load.why_not(), "");
    reader_.finish();
  }
}

TEST_F(LoadReaderTest, AChunkIsBoundedByItsBytesWhateverItsRowsAreLike) {
  admin_.query("INSERT INTO item SELECT n, 'small' FROM generate_series(1, 2000) n");
  admin_.query("INSERT INTO item SELECT n, repeat('x', 1000000) FROM generate_series(2001, 2040) n");
  LoadReader load(source_, everything_);
  LoadPosition position{"public.item", {}, 0};
  for (bool done = false; !done;) {
    reader_.open(std::nullopt);
    const auto chunk = load.read(position, batch_bytes);
    ASSERT_TRUE(chunk.has_value()) << load.why_not();
    std::size_t bytes = 0;
    for (const auto& piece : chunk->pieces) bytes += piece.rows.bytes();
    EXPECT_LT(bytes, 6U << 20);
    position = chunk->next;
    done = chunk->ends_load;
    reader_.finish();
  }
  EXPECT_EQ(position.rows, 2040U);
}

// These are not measured before they are read: each fits into a page of the table.
TEST_F(LoadReaderTest, AChunkIsBoundedWhenRowsOfATableWithoutLargeValuesTurnOutLarger) {
  admin_.query("INSERT INTO item SELECT n, 'small' FROM generate_series(1, 8000) n");
  admin_.query("INSERT INTO item SELECT n, repeat('x', 1900) FROM generate_series(8001, 30000) n");
  LoadReader load(source_, everything_);
  LoadPosition position{"public.item", {}, 0};
  std::uint64_t rows = 0;
  std::size_t largest = 0;
  for (bool done = false; !done;) {
    reader_.open(std::nullopt);
    const auto chunk = load.read(position, batch_bytes);
    ASSERT_TRUE(chunk.has_value()) << load.why_not();
    std::size_t bytes = 0;
    for (const auto& piece : chunk->pieces) {
      EXPECT_LE(piece.rows.bytes(), batch_bytes);
      bytes += piece.rows.bytes();
      rows += piece.rows.size();
    }
    largest = std::max(largest, bytes);
    EXPECT_LT(bytes, 9U << 20);
    position = chunk->next;
    done = chunk->ends_load;
    reader_.finish();
  }
  EXPECT_GT(largest, 7U << 20) << "there was nothing to bound";
  EXPECT_EQ(rows, 30000U) << "what was left has to come with the next chunk";
  EXPECT_EQ(position.rows, 30000U);
}

// The key of a chunk's last row is where the next one begins, whatever stands in it and wherever its columns
// stand.
TEST_F(LoadReaderTest, ChunksGoOnBehindAKeyOfAnyText) {
  admin_.query(R"sql(
    CREATE FUNCTION odd(n int) RETURNS text LANGUAGE sql AS
      $$SELECT (ARRAY['', 'tab' || chr(9), 'line' || chr(10), '\N', '\\', '"quoted"', '''', 'v' || chr(11), '$1', 'ü漢'])[1 + n % 10]
               || CASE WHEN n >= 10 THEN n::text ELSE '' END$$;
    CREATE TABLE plain (value int, b text, a bool, PRIMARY KEY (a, b));
    INSERT INTO plain SELECT n, odd(n), n % 3 = 0 FROM generate_series(0, 49) n;
    CREATE TABLE listed (value int[], b text, a bool, PRIMARY KEY (a, b));
    INSERT INTO listed SELECT ARRAY[n], odd(n), n % 3 = 0 FROM generate_series(0, 49) n;
    SELECT outbox.track('plain'), outbox.track('listed'))sql");
  for (const std::string table : {"plain", "listed"}) {
    SCOPED_TRACE(table);
    const auto expected = admin_.query("SELECT row_to_json(t.*) FROM " + table + " t ORDER BY a, b");
    std::vector<std::string> rows;
    LoadPosition position{"public." + table, {}, 0};
    for (bool done = false; !done;) {
      reader_.open(std::nullopt);
      const auto chunk = LoadReader(source_, everything_, 3).read(position, batch_bytes);
      ASSERT_TRUE(chunk.has_value());
      for (const auto& piece : chunk->pieces) {
        piece.rows.for_each([&](std::size_t, std::string_view row) { rows.emplace_back(row); });
      }
      position = chunk->next;
      done = chunk->ends_load;
      reader_.finish();
    }
    ASSERT_EQ(rows.size(), 50U);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(rows[static_cast<std::size_t>(i)], expected.text(i, 0));
  }
}

TEST_F(LoadReaderTest, TheLoadOfATableThatIsNoLongerTrackedGivesUp) {
  LoadReader load(source_, everything_);
  admin_.query("SELECT outbox.untrack('item')");
  reader_.open(std::nullopt);
  const auto chunk = load.read({"public.item", {"5"}, 5}, batch_bytes);
  reader_.finish();
  ASSERT_TRUE(chunk.has_value());
  EXPECT_TRUE(chunk->ends_load);
  EXPECT_TRUE(chunk->pieces.back().gives_up);
}

TEST_F(LoadReaderTest, ChunksFollowEachOtherInKeyOrderWithoutGapOrOverlap) {
  admin_.query("INSERT INTO item SELECT n, repeat('x', n % 300) FROM generate_series(-3000, 3000) n");
  LoadReader load(source_, everything_);
  LoadPosition position{"public.item", {}, 0};
  std::uint64_t rows = 0;
  int chunks = 0;
  for (bool done = false; !done; ++chunks) {
    reader_.open(std::nullopt);
    auto chunk = load.read(position, 4096);
    ASSERT_TRUE(chunk.has_value()) << load.why_not();
    for (const auto& piece : chunk->pieces) rows += piece.rows.size();
    position = chunk->next;
    done = chunk->ends_load;
    reader_.finish();
  }
  EXPECT_EQ(rows, 6001U);
  EXPECT_EQ(position.rows, 6001U);
  EXPECT_EQ(position.last_key, std::vector<std::string>{"3000"});
  EXPECT_GT(chunks, 2);
}

}  // namespace
}  // namespace mailboat::producer
