#include "consumer/replica_copy.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <optional>

#include "consumer/file_check.hpp"
#include "consumer/file_identity.hpp"
#include "consumer/file_lock.hpp"
#include "consumer/new_file.hpp"
#include "consumer/own_tables.hpp"
#include "consumer/stale_log.hpp"
#include "consumer/storage_error.hpp"

namespace mailboat::consumer {

struct ReplicaCopy::Impl {
  explicit Impl(const std::string& file)
      : path(file),
        info(require_file(file)),
        lock(file + "-lock", "mailboat-consumer is using '" + file +
                                 "'. Copy it first, with: mailboat backup --database " + file + " --to COPY"),
        database(open()) {}

  // The lock file has to be there for the consumer, too, whoever that runs as.
  SQLite::Database open() {
    give_to_owner_of(path + "-lock", info);
    put_stale_log_aside(path, lock.note());
    return open_replica_file(path);
  }

  void read(const std::stop_token& stop) {
    create_own_tables(database);  // what an older mailboat did not have
    require_undamaged(database, path, stop);
    origin.sources = stored_cursors(database);
    if (origin.sources.empty()) {
      throw Fatal("'" + path +
                  "' is a replica that has not applied anything yet. Leave out --from-copy, and let a "
                  "consumer fill a new file");
    }
    origin.replica = identify_file(path, file_id(database));
  }

  template <typename Work>
  void on_database(const char* what, const Work& work) {
    try {
      work();
    } catch (const SQLite::Exception& error) {
      throw ReplicaUnavailable(std::string("cannot ") + what + " SQLite file '" + path +
                               "': " + error.what());
    }
  }

  const std::string path;
  const struct stat info;
  FileLock lock;  // before the database: taken first, released last
  SQLite::Database database;
  Origin origin;
  std::optional<SQLite::Transaction> transaction;
};

ReplicaCopy::ReplicaCopy(const std::string& path, const std::stop_token& stop)
    : impl_(std::make_unique<Impl>(path)) {
  impl_->on_database("read", [&] { impl_->read(stop); });
}

ReplicaCopy::~ReplicaCopy() = default;

const ReplicaCopy::Origin& ReplicaCopy::origin() const { return impl_->origin; }

void ReplicaCopy::give_to(const std::string& subscription, const std::string& source) {
  impl_->on_database("write to", [&] {
    auto& database = impl_->database;
    database.exec("PRAGMA synchronous = FULL");
    impl_->transaction.emplace(database, SQLite::TransactionBehavior::IMMEDIATE);
    SQLite::Statement cursor(database, "UPDATE _mailboat_cursor SET subscription = ? WHERE source = ?");
    cursor.bind(1, subscription);
    cursor.bind(2, source);
    cursor.exec();
    database.exec("UPDATE _mailboat_replica SET id = lower(hex(randomblob(16)))");
  });
}

void ReplicaCopy::commit() {
  impl_->on_database("write to", [&] { impl_->transaction->commit(); });
}

}  // namespace mailboat::consumer
