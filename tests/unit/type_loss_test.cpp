#include "consumer/type_loss.hpp"

#include <gmock/gmock.h>

namespace mailboat::consumer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TypeLoss, MostTypesLoseNothing) {
  for (const auto* type :
       {"bigint", "text", "numeric", "numeric(20,2)", "numeric(10,0)", "numeric(3,-2)", "bytea",
        "character(5)", "timestamp(3) with time zone", "public.mood", "public.place{x integer, y text}",
        "public.geometry(Point,4326)", "int2vector", "interval day to second(3)", "any", ""}) {
    EXPECT_THAT(losses_of(type), IsEmpty()) << type;
  }
}

TEST(TypeLoss, IsDeclaredForEachTypeThatHasOne) {
  EXPECT_THAT(losses_of("numeric(10,2)"), ElementsAre("zeros at the end (12.50 is 12.5)"));
  EXPECT_THAT(losses_of("jsonb"), ElementsAre("JSON null (becomes NULL)"));
  EXPECT_THAT(losses_of("json"), ElementsAre("JSON null (becomes NULL)", "blanks around JSON"));
  EXPECT_THAT(losses_of("real"), ElementsAre("the sign of -0"));
  EXPECT_THAT(losses_of("double precision"), ElementsAre("the sign of -0"));
  EXPECT_THAT(losses_of("text[]"), ElementsAre("array bounds other than 1"));
  EXPECT_THAT(losses_of("money"), ElementsAre("the currency (lc_monetary of the database)"));
  EXPECT_THAT(losses_of("regclass"), ElementsAre("which object is meant once it is renamed"));
}

TEST(TypeLoss, LooksIntoArraysAndComposites) {
  EXPECT_THAT(losses_of("numeric(10,2)[]"), ElementsAre("array bounds other than 1"))
      << "JSON keeps the zeros";
  EXPECT_THAT(losses_of("json[]"), ElementsAre("array bounds other than 1", "JSON null (becomes NULL)"));
  EXPECT_THAT(
      losses_of(R"(public."odd{"{"a b{," numeric(10,2), o public.inner{j jsonb, t text}, "m""" integer[]})"),
      ElementsAre("JSON null (becomes NULL)", "array bounds other than 1"));
  EXPECT_THAT(losses_of("public.place{m money}[]"),
              ElementsAre("array bounds other than 1", "the currency (lc_monetary of the database)"));
}

TEST(TypeLoss, OfATableNamesItsColumns) {
  const std::vector<Column> columns{
      {"id", "bigint", 1}, {"price", "numeric(10,2)", 2}, {"doc", "jsonb", 3}, {"total", "numeric(12,2)", 4}};
  EXPECT_EQ(describe_losses(columns),
            "price, total: zeros at the end (12.50 is 12.5); doc: JSON null (becomes NULL)");
  EXPECT_EQ(describe_losses(std::span(columns).first(1)), "");
}

}  // namespace
}  // namespace mailboat::consumer
