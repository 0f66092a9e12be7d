#include "consumer/target_sql.hpp"

#include <gtest/gtest.h>

namespace mailboat::consumer {
namespace {

TargetPlan users(const std::string& table = "users") {
  return mirror({"public.users", "public", "users", {"id"}, {{"id", "integer", 1}, {"e-mail", "text", 2}}},
                table);
}

TEST(TargetSql, TheVersionGuardIsWhatTellsAnEventFromALoadedRow) {
  const auto guarded = upsert(users(), VersionGuard::On);
  const auto unguarded = upsert(users(), VersionGuard::Off);
  EXPECT_TRUE(guarded.ends_with(R"( WHERE excluded."_version" >= "users"."_version")")) << guarded;
  const auto beside_pseudo_table = upsert(users("Excluded"), VersionGuard::On);
  EXPECT_TRUE(beside_pseudo_table.ends_with(R"( WHERE excluded."_version" >= t."_version")"))
      << beside_pseudo_table;
  EXPECT_TRUE(guarded.starts_with(unguarded));
}

TEST(TargetSql, NamesAndTextsAreQuotedSoThatNoneCanBreakOut) {
  EXPECT_EQ(quote(R"(a"b)"), R"("a""b")");
  EXPECT_EQ(literal("a'b"), "'a''b'");
}

TEST(TargetSql, ACommentInAnExpressionHidesNothing) {
  auto plan = users();
  plan.columns[1].expression = ":email -- as it is";
  EXPECT_NE(upsert(plan, VersionGuard::On).find("(:email -- as it is\n)"), std::string::npos);
}

TEST(TargetSql, InASharedTableOnlyOwnRowsAreTouched) {
  auto plan = users();
  plan.route = "it's";
  EXPECT_EQ(delete_row(plan),
            R"(DELETE FROM "users" WHERE "id" = ? AND "_route" = 'it''s' AND "_version" <= ?)");
  EXPECT_TRUE(upsert(plan, VersionGuard::Off).ends_with(R"( WHERE "users"."_route" = 'it''s')"));
}

}  // namespace
}  // namespace mailboat::consumer
