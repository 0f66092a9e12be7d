#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/pipeline_fixture.hpp"
#include "tests/integration/scripted_consumer.hpp"
#include "tests/support/eventually.hpp"

namespace mailboat::test {

/// mailboat-producer as users run it, and consumers played by the test. Subscription `s` begins now, retries
/// come almost at once.
class TaskFeed : public Pipeline {
 protected:
  TaskFeed() {
    subscribe("s", "now");
    configure("s", "retry_delay => '1 ms', retry_delay_max => '1 ms'");
  }
  void SetUp() override { start_producer(); }

  void configure(const std::string& subscription, const std::string& settings) {
    sql("SELECT outbox.configure('" + subscription + "', " + settings + ")");
  }
  std::unique_ptr<ScriptedConsumer> consumer_of(const std::string& subscription) {
    auto scripted = std::make_unique<ScriptedConsumer>(endpoint());
    EXPECT_TRUE(scripted->follow(subscription)) << said();
    return scripted;
  }
  /// The same replica once more, in a new session.
  std::unique_ptr<ScriptedConsumer> consumer_again(const ScriptedConsumer& before,
                                                   const std::string& subscription = "s") {
    auto scripted = std::make_unique<ScriptedConsumer>(endpoint());
    EXPECT_TRUE(scripted->follow(subscription, before.cursor())) << said();
    return scripted;
  }

  /// Publishes an event of an application; returns its id and transaction.
  std::pair<EventId, TransactionId> publish(const std::string& topic = "app",
                                            const std::string& payload = R"({"id": 1})") {
    const auto rows = connection.query(
        "WITH p AS MATERIALIZED (SELECT outbox.publish($1, $2::json) AS id) SELECT id, pg_current_xact_id() "
        "FROM p",
        {topic, payload});
    return {rows.uint64(0, 0), rows.uint64(0, 1)};
  }
  TransactionId transaction_of(EventId id) {
    return std::stoull(value("SELECT txid FROM outbox.event WHERE id = " + std::to_string(id)));
  }

  std::string task(EventId id, const std::string& expression) {
    const auto rows =
        sql("SELECT " + expression + " FROM outbox.rejection WHERE event_id = " + std::to_string(id));
    return rows.empty() ? "no task" : std::string(rows.text(0, 0));
  }
  bool task_becomes(EventId id, const std::string& status) {
    return eventually([&] { return task(id, "status") == status; });
  }
  /// Each event as `id op topic`.
  static std::vector<std::string> events_of(const Retry& retry) {
    std::vector<std::string> found;
    retry.events.for_each([&](const Event& event) {
      found.push_back(std::to_string(event.id) + ' ' + static_cast<char>(event.op) + ' ' +
                      std::string(event.topic));
    });
    return found;
  }
};

}  // namespace mailboat::test
