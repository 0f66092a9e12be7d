#pragma once

#include "tests/integration/cli_fixture.hpp"

namespace mailboat::test {

/// A database with the subscription `shop`, whose replica refuses what the test says. The test plays the
/// producer, through the same functions.
class CliTasks : public CliTest {
 protected:
  using Id = std::string;

  void SetUp() override {
    done({"migrate"});
    done({"subscribe", "shop", "--start", "now"});
  }

  std::string value(const std::string& sql, const postgres::Params& params = {}) {
    return std::string(application.query(sql, params).text(0, 0));
  }

  Id publish(const std::string& topic = "mail", const std::string& payload = R"({"id": 1})") {
    return value("SELECT outbox.publish($1, $2::json)", {topic, payload});
  }

  /// An event that the replica has refused in its window.
  Id rejected(const std::string& topic = "mail", const std::string& error = "UNIQUE constraint failed",
              const std::string& subscription = "shop") {
    auto id = publish(topic);
    reject(id, error, subscription);
    return id;
  }

  void reject(const Id& id, const std::string& error, const std::string& subscription = "shop") {
    application.query(
        "SELECT outbox.reject($1, ARRAY[e.id], ARRAY[e.txid], ARRAY[$3]) FROM outbox.event e WHERE id = $2",
        {subscription, id, error});
  }

  void reject_many(int count) {
    application.query(
        "WITH e AS (SELECT outbox.publish('mail', '{}') AS id FROM generate_series(1, $1::int)) "
        "SELECT outbox.reject('shop', array_agg(id), array_agg(pg_current_xact_id()), "
        "array_agg('no room'::text)) FROM e",
        {std::to_string(count)});
  }

  void retry_ends(const Id& id, const std::string& result, const std::string& error = "still refused") {
    application.query("SELECT outbox.record_retries('shop', ARRAY[$1::bigint], ARRAY[$2], ARRAY[$3])",
                      {id, result, error});
  }

  /// An event whose retries have all failed.
  Id failed(const std::string& topic = "mail", const std::string& error = "UNIQUE constraint failed") {
    auto id = rejected(topic, error);
    for (int attempt = 0; attempt < 5; ++attempt) retry_ends(id, "rejected", error);
    return id;
  }

  Id completed() {
    auto id = rejected();
    retry_ends(id, "applied");
    return id;
  }

  Id discarded() {
    auto id = rejected();
    done({"failed", "discard", "shop", id});
    return id;
  }

  /// As failed(), with an on_failed function that has put the source right.
  Id compensated() {
    application.query(
        "CREATE OR REPLACE FUNCTION undo(text, bigint, json, text) RETURNS void LANGUAGE sql AS ''; "
        "SELECT outbox.on_failed('undone', 'undo(text, bigint, json, text)')");
    return failed("undone");
  }

  std::string status(const Id& id) {
    return value("SELECT status FROM outbox.rejection WHERE subscription = 'shop' AND event_id = $1", {id});
  }

  void made_older(const Id& id, const std::string& age) {
    application.query(
        "UPDATE outbox.rejection SET first_failed_at = first_failed_at - $2::interval WHERE event_id = $1",
        {id, age});
  }

  /// The ids that a command shows, in its order.
  std::vector<Id> listed(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const auto said = mailboat(std::move(arguments));
    EXPECT_EQ(said.code, ExitCode::Done) << said.err;
    const auto rows =
        application.query("SELECT t ->> 'id' FROM json_array_elements($1::json -> 'tasks') t", {said.out});
    std::vector<Id> ids;
    for (int row = 0; row < rows.size(); ++row) ids.emplace_back(rows.text(row, 0));
    return ids;
  }

  using Ids = std::vector<Id>;
};

}  // namespace mailboat::test
