#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "consumer/replica.hpp"
#include "tests/support/sqlite_reader.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::consumer {

/// A replica of `public.t (id integer primary key, v text)`, to which windows are applied without a producer.
/// Event number n belongs to transaction n unless it is said otherwise, and each window covers all
/// transactions up to the number that it is given.
class ReplicaFixture : public ::testing::Test {
 protected:
  ReplicaFixture() {
    reopen();
    window(1, [this] { event(1, Op::Relation, relation); });
  }

  void reopen(std::uint32_t reject_limit = 1000) {
    replica.reset();
    replica = std::make_unique<Replica>(Replica::Options{file, "test", {}, reject_limit});
  }

  template <typename Content>
  void window(TransactionId covered, const Content& content) {
    replica->begin();
    content();
    replica->commit({{1, 1, 1}, Snapshot(covered + 1, covered + 1, {})});
  }

  static EventBatch batch(EventId id, Op op, const std::string& payload) {
    EventBatch events;
    events.add({id, id, "public.t", op, payload});
    return events;
  }

  void apply(const EventBatch& events) { replica->apply(events); }
  void event(EventId id, Op op, const std::string& payload) { apply(batch(id, op, payload)); }
  void upsert(EventId id, int key, const std::string& value) { event(id, Op::Update, row(key, value)); }
  void remove(EventId id, int key) { event(id, Op::Delete, "{\"id\":" + std::to_string(key) + "}"); }
  static std::string row(int key, const std::string& value) {
    return "{\"id\":" + std::to_string(key) + ",\"v\":\"" + value + "\"}";
  }

  void chunk(const std::vector<std::string>& rows, bool ends_load, bool gives_up = false) {
    LoadChunk piece{"public.t", {}, {"0"}, true, ends_load, 0, gives_up};
    for (const auto& one : rows) piece.rows.add(one);
    replica->apply(piece);
  }

  RetryOutcome retry(EventId id, Op op, const std::string& payload) {
    return replica->retry(batch(id, op, payload)).outcomes.front();
  }
  RetryOutcome::Result retry_upsert(EventId id, int key, const std::string& value) {
    return retry(id, Op::Update, row(key, value)).result;
  }

  /// What an operator does to the file.
  void by_hand(const std::string& statements) const {
    SQLite::Database database(file, SQLite::OPEN_READWRITE, 10'000);
    database.exec(statements);
  }
  /// `1=a 2=b`
  [[nodiscard]] std::string rows() const {
    return test::SqliteReader(file).text(
        "SELECT coalesce(group_concat(id || '=' || coalesce(v, 'NULL'), ' '), '')"
        " FROM (SELECT * FROM t ORDER BY id)");
  }
  /// Ids of the events whose rejection nobody has confirmed.
  [[nodiscard]] std::vector<EventId> rejected() const {
    std::vector<EventId> ids;
    for (const auto& one : replica->unconfirmed(0).rejections) ids.push_back(one.event_id);
    return ids;
  }

  static constexpr auto relation =
      R"({"schema":"public","table":"t","key":["id"],"columns":[{"name":"id","type":"integer","number":1},)"
      R"({"name":"v","type":"text","number":2}]})";
  test::TempDir directory;
  const std::string file = directory.path() / "replica.db";
  std::unique_ptr<Replica> replica;
};

}  // namespace mailboat::consumer
