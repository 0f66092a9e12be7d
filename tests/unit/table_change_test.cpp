#include "producer/table_change.hpp"

#include <gmock/gmock.h>

#include "producer/taken_topics.hpp"

namespace mailboat::producer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TableChange load(const std::string& topic) { return {.topic = topic, .load = true}; }
TableChange rename(const std::string& from, const std::string& to) {
  return {.topic = to, .renamed_from = from};
}
TableChange drop(const std::string& topic) { return {.topic = topic, .dropped = true}; }

TEST(TopicsToLoad, HaveTheirNamesOfTheEnd) {
  EXPECT_THAT(topics_to_load({load("a"), rename("a", "x"), rename("b", "a"), rename("x", "b")}),
              ElementsAre("b"));
}

TEST(TopicsToLoad, AreLoadedOnce) {
  EXPECT_THAT(topics_to_load({load("a"), load("b"), load("a")}), ElementsAre("a", "b"));
}

TEST(TopicsToLoad, EndWithTheirTable) {
  EXPECT_THAT(topics_to_load({load("a"), drop("a")}), IsEmpty());
  EXPECT_THAT(topics_to_load({load("a"), drop("a"), load("a")}), ElementsAre("a"));
  EXPECT_THAT(topics_to_load({drop("a"), rename("b", "a")}), IsEmpty());
}

KnownChanges swapped() {
  KnownChanges changes;
  changes.add({10, 100, 0, rename("a", "x")});
  changes.add({11, 100, 0, rename("b", "a")});
  changes.add({12, 100, 0, rename("x", "b")});
  return changes;
}

TEST(PlaceOfAnEvent, FollowsItsTableThroughLaterRenames) {
  EXPECT_EQ(swapped().place("a", 5, 90).topic, "b");
  EXPECT_EQ(swapped().place("b", 5, 90).topic, "a");
  EXPECT_EQ(swapped().place("a", 20, 110).topic, "a") << "renamed before";
  EXPECT_EQ(swapped().place("a", 5, 90).since, 12U);
  EXPECT_EQ(swapped().place("c", 5, 90).since, 5U);
}

TEST(PlaceOfAnEvent, EndsWithItsTable) {
  KnownChanges changes;
  changes.add({10, 100, 0, drop("a")});
  changes.add({20, 101, 0, rename("a", "b")});
  EXPECT_EQ(changes.place("a", 5, 90).topic, "a");
  EXPECT_EQ(changes.place("a", 15, 100).topic, "b");
}

TEST(PlaceOfAnEvent, IsToldByItsTransactionWhereNothingWasLocked) {
  KnownChanges changes;
  changes.add({10, 100, 105, rename("a", "b")});
  EXPECT_EQ(changes.place("a", 15, 104).topic, "b") << "written before the change was seen, whatever its id";
  EXPECT_EQ(changes.place("a", 15, 105).topic, "a") << "of the table that has the name now";
  EXPECT_EQ(changes.place("a", 15, 100).topic, "a") << "likewise, by the transaction itself";
}

TEST(PlaceOfAnEvent, TellsThatItsRowReadsDifferentlySince) {
  KnownChanges changes;
  changes.add({10, 100, 105, load("a")});
  EXPECT_TRUE(changes.place("a", 15, 104).load);
  EXPECT_FALSE(changes.place("a", 15, 105).load);
  EXPECT_FALSE(changes.place("b", 5, 90).load);
}

TEST(TakenTopics, AreTakenFromSomeEventOnAndUpToSomeEvent) {
  const TakenTopics taken({{"a", 0, 9}, {"a_old", 10, 99}});
  EXPECT_TRUE(taken.takes("a", 9));
  EXPECT_FALSE(taken.takes("a", 10));
  EXPECT_FALSE(taken.takes("a_old", 9));
  EXPECT_TRUE(taken.takes("a_old", 10));
  EXPECT_EQ(taken.names(), "{\"a\",\"a_old\"}");
  EXPECT_TRUE(TakenTopics().takes("anything", 1));
  EXPECT_EQ(TakenTopics().names(), std::nullopt);
}

}  // namespace
}  // namespace mailboat::producer
