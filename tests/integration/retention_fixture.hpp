#pragma once

#include <string>

#include "producer/log_keeper.hpp"
#include "producer/source.hpp"
#include "tests/integration/outbox_fixture.hpp"

namespace mailboat::test {

/// A log in partitions of ten ids each, 1 to 10, 11 to 20 and 21 to 30, and the tail; and a second
/// connection, as a producer's.
class Retention : public Outbox {
 protected:
  Retention() {
    sql("DROP TABLE outbox.event_1_500000, outbox.event_500001_1000000, outbox.event_1000001_999999999999;"
        "SELECT outbox.arrange_partitions('{}', '{11, 10, 10}')");
  }

  /// Events of topic `app`.
  static std::string events(int count) {
    return "SELECT outbox.publish('app', '{}') FROM generate_series(1, " + std::to_string(count) + ")";
  }
  void write(int count) { sql(events(count)); }
  void subscribe(const std::string& name, const std::string& start = "now") {
    connection.query("SELECT outbox.subscribe($1, $2)", {name, start});
  }
  /// The replica has everything that is committed.
  void acknowledge(const std::string& name) {
    connection.query(
        "UPDATE outbox.subscription SET snapshot = pg_current_snapshot(), acked_at = now() WHERE name = $1",
        {name});
  }
  /// Whether the partition that begins there goes when only its holders count. Throws StatementFailed.
  bool goes(int from, const std::string& retention = "0 s") {
    sql("SELECT outbox.note_moment('" + retention + "')");
    return value("SELECT outbox.truncate_partition(" + std::to_string(from) + ", '" + retention +
                 "') IS NOT NULL") == "t";
  }
  std::string held() {
    return value(
        "SELECT coalesce(string_agg(subscription || ' ' || what, ', ' ORDER BY 1), '') FROM outbox.held()");
  }
  std::string partitions() {
    return value(
        "SELECT string_agg(from_id || CASE WHEN empty THEN '' ELSE '+' END, ' ' ORDER BY from_id)"
        " FROM outbox.log_partitions() WHERE from_id IS NOT NULL");
  }
  std::string ids() { return value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM outbox.event"); }

  postgres::Connection source = producer::connect_to_source(conninfo, "mailboat-producer");
};

/// What a statement is refused with: five characters; empty when it is not.
inline std::string refused_with(postgres::Connection& connection, const std::string& statement) {
  try {
    connection.query(statement);
  } catch (const postgres::StatementFailed& error) {
    return error.sqlstate();
  }
  return {};
}

inline constexpr auto lock_not_available = "55P03";

}  // namespace mailboat::test
