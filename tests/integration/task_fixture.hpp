#pragma once

#include <string>
#include <vector>

#include "tests/integration/outbox_fixture.hpp"

namespace mailboat::test {

/// A subscription `s` and application events 1, 2, ... of topic `app` with payload `{"id": n}`. Retries come
/// after exactly 10 s or less.
class Tasks : public Outbox {
 protected:
  Tasks() {
    sql("SELECT outbox.subscribe('s', 'now'); SELECT outbox.configure('s', retry_delay => '10 s')");
    publish(3);
  }

  void publish(int count) {
    connection.query("SELECT outbox.publish('app', json_build_object('id', n)) FROM generate_series(1, $1) n",
                     {std::to_string(count)});
  }
  /// As a producer does for events of the log.
  void reject(const std::string& ids, const std::string& error = "refused",
              const std::string& subscription = "s") {
    connection.query(
        "SELECT outbox.reject($1, array_agg(id), array_agg(txid), array_agg($3::text)) FROM outbox.event "
        "WHERE id = ANY ($2::bigint[])",
        {subscription, "{" + ids + "}", error});
  }
  /// What became of a retry of one event.
  void retried(const std::string& id, const std::string& result, const std::string& error = "refused again") {
    connection.query("SELECT outbox.record_retries('s', ARRAY[$1::bigint], ARRAY[$2], ARRAY[$3])",
                     {id, result, error});
  }
  void fail_for_good(const std::string& id) {
    for (int attempt = 0; attempt < 5; ++attempt) retried(id, "rejected");
  }
  /// A column, or an expression over the columns, of a task.
  std::string task(const std::string& id, const std::string& expression) {
    const auto rows =
        sql("SELECT " + expression + " FROM outbox.rejection WHERE subscription = 's' AND event_id = " + id);
    return rows.empty() ? "no task" : std::string(rows.text(0, 0));
  }
  /// What has happened to a task, in order.
  std::vector<std::string> history(const std::string& id) {
    const auto rows =
        sql("SELECT what FROM outbox.rejection_history WHERE event_id = " + id + " ORDER BY id");
    std::vector<std::string> found;
    for (int row = 0; row < rows.size(); ++row) found.emplace_back(rows.text(row, 0));
    return found;
  }
};

}  // namespace mailboat::test
