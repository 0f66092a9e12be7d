#pragma once

#include <memory>
#include <string>

#include "tests/faults/item_pipeline.hpp"
#include "tests/support/message_proxy.hpp"

namespace mailboat::test {

/// Who is killed.
enum class Victim { Consumer, Producer, Both };
void PrintTo(Victim victim, std::ostream* out);

/// A pipeline whose SQLite table refuses rows with the note `poison` until it is mended, with quick retries
/// that never end, and somebody between consumer and producer who can hold back any message.
class TaskPipeline : public ItemPipeline {
 protected:
  using Treatment = MessageProxy::Treatment;

  explicit TaskPipeline(Cluster& cluster = shared_cluster());

  /// Follows, with the SQLite table made to refuse poison.
  void follow_with_poisoned_table();
  void insert_poison(int rows = 1) const { insert(rows, "poison"); }
  void mend() const { by_hand("DROP TRIGGER poison"); }

  void kill(Victim victim);
  /// Starts whoever was killed.
  void restart();

  /// How many rejections are in PostgreSQL; that are in SQLite, still unconfirmed.
  [[nodiscard]] int recorded() const;
  [[nodiscard]] int unconfirmed() const;
  /// Waits until a producer stands still in PostgreSQL, waiting for a lock.
  [[nodiscard]] bool producer_waits_for_lock() const;

  /// Each of so many rejected events has been recorded once, ends as completed once, and is forgotten by
  /// SQLite; and the tables are equal. Mends the table at first.
  void expect_accounted_once(int rejected);

  const std::string proxy_endpoint_ = "ipc://" + (pipeline_.folder() / "proxy").string();
  MessageProxy proxy_{proxy_endpoint_, pipeline_.endpoint()};
};

/// A transaction that holds a lock until it is let go.
class HeldLock {
 public:
  HeldLock(const Pipeline& pipeline, const std::string& statement);

 private:
  postgres::Connection connection_;
  postgres::Transaction transaction_;
};

}  // namespace mailboat::test
