#include "tests/faults/item_pipeline.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

namespace mailboat::test {
namespace {

constexpr int busy_timeout_ms = 10'000;

}  // namespace

ItemPipeline::ItemPipeline(Cluster& cluster) : pipeline_(cluster) {
  pipeline_.sql(
      "CREATE TABLE item (id int PRIMARY KEY, note text); SELECT outbox.track('item');"
      "SELECT outbox.subscribe('replica')");
}

void ItemPipeline::follow() {
  if (!pipeline_.has_producer()) pipeline_.start_producer(quick);
  if (!pipeline_.has_consumer()) pipeline_.start_consumer(quick);
  ASSERT_TRUE(becomes_equal());
}

void ItemPipeline::insert(int rows, const std::string& note) const {
  pipeline_.connect().query(
      "INSERT INTO item SELECT (SELECT coalesce(max(id), 0) FROM item) + n, $2"
      " FROM generate_series(1, $1::int) n",
      {std::to_string(rows), note});
}

void ItemPipeline::insert_large(int frames) const {
  constexpr int rows_per_frame = 100;
  insert(frames * rows_per_frame, std::string(10'000, 'x'));
}

void ItemPipeline::change_everything() const {
  pipeline_.sql(
      "UPDATE item SET note = note || '+' WHERE id % 3 = 0; DELETE FROM item WHERE id % 5 = 0;"
      "INSERT INTO item SELECT coalesce(max(id), 0) + 1, 'after' FROM item");
}

void ItemPipeline::by_hand(const std::string& statements) const {
  SQLite::Database(pipeline_.file().string(), SQLite::OPEN_READWRITE, busy_timeout_ms).exec(statements);
}

bool ItemPipeline::becomes_equal() const {
  const auto difference = pipeline_.lasting_difference("item", columns);
  EXPECT_EQ(difference, "") << pipeline_.said();
  return difference.empty();
}

void ItemPipeline::expect_goes_on() const {
  insert();
  EXPECT_TRUE(becomes_equal());
}

void ItemPipeline::expect_said(Process& process, const std::string& words, int at_most) {
  EXPECT_TRUE(process.wait_for_output(words)) << "never said '" << words << "':\n" << process.errors();
  EXPECT_LE(occurrences(process.errors(), words), at_most) << process.errors();
}

}  // namespace mailboat::test
