#pragma once

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "migrations/migrator.hpp"
#include "producer/relation_reader.hpp"
#include "producer/source.hpp"
#include "producer/window_reader.hpp"
#include "tests/support/cluster.hpp"

namespace mailboat::producer {

inline constexpr std::size_t batch_bytes = 64 << 10;

/// A database with a tracked table `item(id, value)`, and a reader of its log.
class WindowTest : public ::testing::Test {
 protected:
  static std::string prepare(const std::string& conninfo) {
    postgres::Connection admin(conninfo, "test");
    migrations::migrate(admin);
    admin.query("CREATE TABLE item (id int PRIMARY KEY, value text); SELECT outbox.track('item')");
    return conninfo;
  }

  /// A new subscription.
  Subscription subscribed(const std::string& name, const std::string& start,
                          const std::optional<std::string>& topics = std::nullopt) {
    admin_.query("SELECT outbox.subscribe($1, $2, $3::text[])", {name, start, topics});
    return find_subscription(source_, name);
  }

  EventBatch read_all(WindowReader& reader) {
    EventBatch events;
    while (reader.fill(events, events.bytes() + batch_bytes, changes_)) {
    }
    return events;
  }

  EventBatch described_at(const Snapshot& snapshot, bool still_tracked = false) {
    return relations_at(source_, everything_, {}, snapshot, still_tracked);
  }

  const std::string conninfo_ = prepare(test::shared_cluster().create_database());
  postgres::Connection admin_{conninfo_, "test"};
  postgres::Connection source_ = connect_to_source(conninfo_, "test");
  const Subscription everything_ = subscribed("everything", "load");
  WindowReader reader_{source_, everything_};
  std::vector<TableChange> changes_;  // met by read_all()
};

}  // namespace mailboat::producer
