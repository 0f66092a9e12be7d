#include <algorithm>

#include "tests/integration/cli_task_fixture.hpp"

namespace mailboat::test {
namespace {

using CliFailed = CliTasks;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool has_control_character(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7F; });
}

TEST_F(CliFailed, ListsWhatIsNotSettledUnlessAskedForMore) {
  EXPECT_EQ(mailboat({"failed", "list"}).out, "no task matches\n");
  const auto retrying = rejected();
  const auto given_up = failed();
  const auto applied = completed();
  const auto left_out = discarded();
  EXPECT_EQ(listed({"failed", "list"}), (Ids{retrying, given_up}));
  EXPECT_EQ(listed({"failed", "list", "shop", "--status", "failed"}), Ids{given_up});
  EXPECT_EQ(listed({"failed", "list", "shop", "--status", "completed,discarded"}), (Ids{applied, left_out}));
  EXPECT_EQ(listed({"failed", "list", "--status", "retrying", "--status", "completed"}),
            (Ids{retrying, applied}));
  EXPECT_EQ(listed({"failed", "list", "shop", applied}), Ids{applied}) << "asked for by name";
}

TEST_F(CliFailed, ListsEverySubscriptionUnlessOneIsNamed) {
  done({"subscribe", "other", "--start", "now"});
  const auto mine = rejected("mail", "e", "shop");
  const auto theirs = rejected("mail", "e", "other");
  EXPECT_EQ(listed({"failed", "list"}), (Ids{theirs, mine}));
  EXPECT_EQ(listed({"failed", "list", "shop"}), Ids{mine});
}

TEST_F(CliFailed, ListsByTopicAndByErrorText) {
  const auto a = rejected("a", "UNIQUE constraint failed: t.x");
  const auto b = rejected("b", "100% of it's \"room\" is_used");
  EXPECT_EQ(listed({"failed", "list", "--topic", "a"}), Ids{a});
  EXPECT_EQ(listed({"failed", "list", "--topic", "A"}), Ids{});
  EXPECT_EQ(listed({"failed", "list", "--error", "unique CONSTRAINT"}), Ids{a});
  EXPECT_EQ(listed({"failed", "list", "--error", "100%"}), Ids{b});
  EXPECT_EQ(listed({"failed", "list", "--error", "%"}), Ids{b}) << "taken for a wildcard";
  EXPECT_EQ(listed({"failed", "list", "--error", "is_used"}), Ids{b});
  EXPECT_EQ(listed({"failed", "list", "--error", "U_IQUE"}), Ids{}) << "taken for a wildcard";
  EXPECT_EQ(listed({"failed", "list", "--error", "it's \"room\""}), Ids{b});
  EXPECT_EQ(listed({"failed", "list", "--error", "'; DROP SCHEMA outbox CASCADE; --"}), Ids{});
  EXPECT_EQ(listed({"failed", "list", "--topic", "a", "--error", "100%"}), Ids{});
}

TEST_F(CliFailed, ListsByAge) {
  const auto fresh = rejected();
  const auto old = rejected();
  made_older(old, "2 hours");
  EXPECT_EQ(listed({"failed", "list", "--older-than", "1h"}), Ids{old});
  EXPECT_EQ(listed({"failed", "list", "--newer-than", "1h"}), Ids{fresh});
  EXPECT_EQ(listed({"failed", "list", "--older-than", "1h", "--newer-than", "1d"}), Ids{old});
  EXPECT_EQ(listed({"failed", "list", "--older-than", "100000d"}), Ids{});
}

TEST_F(CliFailed, TableHasOneLineForEachTask) {
  done({"configure", "shop", "--max-attempts", "7"});
  const auto id = rejected("mail", "first line\nsecond \x1b[2Jline\t" + std::string(200, 'x'));
  retry_ends(id, "rejected", "first line\nsecond \x1b[2Jline\t" + std::string(200, 'x'));
  const auto said = mailboat({"failed", "list", "shop"});
  const auto lines = lines_of(said.out);
  ASSERT_EQ(lines.size(), 2U) << said.out;
  for (const auto* heading :
       {"ID", "SUBSCRIPTION", "TOPIC", "OP", "STATUS", "RETRIES", "NEXT ATTEMPT", "AGE", "ERROR"})
    EXPECT_TRUE(contains(lines[0], heading)) << heading;
  EXPECT_TRUE(lines[1].starts_with(id)) << lines[1];
  EXPECT_TRUE(contains(lines[1], "1 of 7")) << lines[1];
  EXPECT_TRUE(contains(lines[1], "first line. second \\u001b[2Jline xxx")) << lines[1];
  EXPECT_TRUE(lines[1].ends_with("xxx...")) << lines[1];
  EXPECT_FALSE(has_control_character(said.out)) << said.out;
}

TEST_F(CliFailed, ShowsTheFirstSoManyAndSaysHowManyMoreThereAre) {
  reject_many(103);
  auto said = mailboat({"failed", "list"});
  EXPECT_EQ(lines_of(said.out).size(), 102U);
  EXPECT_TRUE(said.out.ends_with("and 3 more\n")) << said.out;
  said = mailboat({"failed", "list", "--limit", "1"});
  EXPECT_EQ(lines_of(said.out).size(), 3U);
  EXPECT_TRUE(said.out.ends_with("and 102 more\n")) << said.out;
  EXPECT_EQ(lines_of(mailboat({"failed", "list", "--all"}).out).size(), 104U);
  EXPECT_EQ(value("SELECT $1::json ->> 'more'", {mailboat({"failed", "list", "--json", "--limit", "3"}).out}),
            "100");
}

TEST_F(CliFailed, JsonHasWholeValuesAndNoPayload) {
  const std::string error = "line\n\"two\" \x1b \x7f \xC2\x9B é";
  const auto id = failed("mail", error);
  const auto out = mailboat({"failed", "list", "--json"}).out;
  EXPECT_FALSE(has_control_character(out)) << out;
  const auto field = [&](const std::string& name) {
    return value("SELECT $1::json #>> ARRAY['tasks', '0', $2]", {out, name});
  };
  EXPECT_EQ(field("id"), id);
  EXPECT_EQ(field("last_error"), error);
  EXPECT_EQ(field("status"), "failed");
  EXPECT_EQ(field("retry_count"), "5");
  EXPECT_EQ(field("topic"), "mail");
  EXPECT_EQ(field("op"), "U");
  EXPECT_EQ(value("SELECT ($1::json #>> '{tasks,0,failed_at}')::timestamptz <= now()", {out}), "t");
  EXPECT_FALSE(contains(out, "payload"));
}

TEST_F(CliFailed, ShowTellsTheWholeStoryInOrder) {
  application.query(
      "CREATE FUNCTION undo(text, bigint, json, text) RETURNS void LANGUAGE plpgsql AS "
      "$$ BEGIN RAISE 'cannot undo'; END $$; SELECT outbox.on_failed('mail', 'undo(text, bigint, json, "
      "text)')");
  const auto id = failed("mail", "no such column: x\nand more");
  done({"failed", "retry", "shop", id});
  done({"failed", "discard", "shop", id});
  const auto out = mailboat({"failed", "show", "shop", id}).out;
  for (const auto* part :
       {"discarded", "no such column: x\\nand more", "failed: cannot undo", "\"id\": 1", "decided by"})
    EXPECT_TRUE(contains(out, part)) << part << '\n' << out;
  std::size_t at = out.find("history");
  for (const auto* what :
       {"rejected", "retry failed", "failed", "compensation failed", "retry requested", "discarded"}) {
    at = out.find(what, at);
    EXPECT_NE(at, std::string::npos) << what << '\n' << out;
  }
}

TEST_F(CliFailed, ShowSaysWhatCompensationAndSupersedingDid) {
  EXPECT_TRUE(contains(mailboat({"failed", "show", "shop", compensated()}).out, "compensation   done at 20"));
  const auto id = rejected();
  retry_ends(id, "superseded");
  EXPECT_TRUE(contains(mailboat({"failed", "show", "shop", id}).out, "the row had moved on"));
}

TEST_F(CliFailed, ShowKeepsEveryDigitOfThePayload) {
  const std::string payload =
      R"({"n":1234567890123456789.10,"e":[],"o":{},"t":"a\"}{\u0007b","list":[1,{"x":null}],"d":")" +
      std::string("\x7f\"}");
  const auto id = publish("mail", payload);
  reject(id, "e");
  const auto said = mailboat({"failed", "show", "shop", id});
  EXPECT_TRUE(contains(said.out, "    \"n\": 1234567890123456789.10,\n    \"e\": [],\n    \"o\": {},\n"))
      << said.out;
  EXPECT_TRUE(contains(said.out, R"("t": "a\"}{\u0007b")")) << said.out;
  EXPECT_FALSE(has_control_character(said.out)) << said.out;
  const auto json = mailboat({"failed", "show", "shop", id, "--json"}).out;
  EXPECT_EQ(value("SELECT ($1::jsonb -> 'payload') = $2::jsonb", {json, payload}), "t") << json;
  EXPECT_EQ(value("SELECT $1::json #>> '{history,0,what}'", {json}), "rejected");
}

TEST_F(CliFailed, ShowKnowsEventsThatWereNeverRefusedAndThoseThatLeftTheLog) {
  const auto pending = publish();
  EXPECT_TRUE(contains(mailboat({"failed", "show", "shop", pending}).out, "pending"));
  const auto id = rejected();
  application.query("DELETE FROM outbox.event WHERE id = $1", {id});
  const auto said = mailboat({"failed", "show", "shop", id});
  EXPECT_EQ(said.code, ExitCode::Done) << said.err;
  EXPECT_TRUE(contains(said.out, "no longer in the log")) << said.out;
  EXPECT_EQ(listed({"failed", "list"}), Ids{id});
}

TEST_F(CliFailed, SomethingNamedThatDoesNotExistIsAFailureInOneSentence) {
  done({"subscribe", "other", "--start", "now"});
  const auto theirs = rejected("mail", "e", "other");
  expect_failed({"failed", "list", "nope"}, "there is no subscription \"nope\"");
  expect_failed({"failed", "list", "shop", theirs}, "subscription \"shop\" has no task " + theirs);
  expect_failed({"failed", "show", "nope", "1"}, "there is no subscription \"nope\"");
  expect_failed({"failed", "show", "shop", "9223372036854775807"}, "has no task 9223372036854775807");
}

TEST_F(CliFailed, WrongUseIsToldFromWhatIsNotThere) {
  expect_usage({"failed"}, "failed needs a command: list, show, retry, discard");
  expect_usage({"failed", "forget"},
               "there is no command 'failed forget' (there are: list, show, retry, discard)");
  expect_usage({"failed", "show", "shop"}, "ID");
  for (const auto* id : {"one", "0", "1x", "9223372036854775808"}) {
    expect_usage({"failed", "show", "shop", id}, "'" + std::string(id) + "' is not the id of a task");
    expect_usage({"failed", "list", "shop", id}, "'" + std::string(id) + "' is not the id of a task");
  }
  expect_usage({"failed", "list", "--status", "broken"}, "'broken' is none of retrying, failed");
  expect_usage({"failed", "list", "--older-than", "yesterday"}, "--older-than: not a duration: 'yesterday'");
  expect_usage({"failed", "list", "--error", ""}, "--error: the value is empty");
  expect_usage({"failed", "list", "--limit", "0"}, "--limit has to be above zero");
  expect_usage({"failed", "list", "--limit", "many"}, "--limit: expected a whole number");
}

}  // namespace
}  // namespace mailboat::test
