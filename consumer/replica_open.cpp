// How a Replica begins: the file, whose it is, and what is in it.
#include <algorithm>
#include <sqlite3.h>

#include "common/log.hpp"
#include "consumer/file_identity.hpp"
#include "consumer/open_database.hpp"
#include "consumer/own_tables.hpp"
#include "consumer/replica.hpp"
#include "consumer/stale_log.hpp"
#include "consumer/value_rows.hpp"

namespace mailboat::consumer {
namespace {

// Rebuilding a large table is one statement. The steps are of SQLite's virtual machine: some milliseconds.
constexpr int steps_between = 1'000'000;

// `tell` must outlive the database. Source: SQLite, "Query Progress Callbacks".
void tell_of_work(SQLite::Database& database, const std::function<void()>& tell) {
  const auto call = [](void* told) {
    (*static_cast<std::function<void()>*>(told))();
    return 0;  // go on
  };
  ::sqlite3_progress_handler(database.getHandle(), steps_between, call,
                             const_cast<std::function<void()>*>(&tell));
}

}  // namespace

Replica::Replica(Options options) : Replica(options, std::make_shared<ReplicaFile>(options.path)) {}

Replica::Replica(Options options, std::shared_ptr<ReplicaFile> file)
    : options_(std::move(options)),
      file_(std::move(file)),
      turn_(file_->take_turn()),
      lock_(file_->lock()),
      database_(open_database(options_.path, lock_->note())),
      bookkeeping_(database_, options_.owner.source),
      verification_(database_, bookkeeping_),
      tables_(database_, bookkeeping_, verification_, options_.routes, options_.owner.prefix) {
  try {
    open();
  } catch (const SQLite::Exception& error) {
    if (error.getErrorCode() == SQLITE_NOTADB) {
      throw NotADatabase("'" + options_.path + "' is not a SQLite database. Give --database another path");
    }
    throw ReplicaUnavailable("cannot use SQLite file '" + options_.path + "': " + error.what());
  }
  turn_.give_back();
}

void Replica::open() {
  if (options_.works_on) tell_of_work(database_, options_.works_on);
  use_write_ahead_log(database_);
  enable_value_rows(database_);
  checkpointer_.emplace(database_);
  create_own_tables(database_);
  file_id_ = consumer::file_id(database_);
  identity_ = identify_file(options_.path, file_id_);
  lock_->note(name_file_and_log(options_.path));
  deferred_.emplace(database_);
  name_source();
  read_cursor();
  read_tables(true);
}

void Replica::read_tables(bool at_start) {
  tables_known_ = false;
  tables_.read(last_event_id_ + 1, at_start);
  tables_known_ = true;
}

// A file that had one source without a name goes on as that of the one [[source]] with its subscription.
void Replica::name_source() {
  const auto stored = stored_cursors(database_);
  const auto& source = bookkeeping_.source();
  const auto has = [&stored](const std::string& name) {
    return std::any_of(stored.begin(), stored.end(),
                       [&name](const StoredCursor& cursor) { return cursor.source == name; });
  };
  if (source.empty() && !stored.empty() && !has("")) {
    throw Fatal("SQLite file '" + options_.path + "' has sources with names, the first being '" +
                stored.front().source + "' with subscription '" + stored.front().subscription +
                "'. Follow them with a [[source]] each in the file given with --config");
  }
  const bool is_this = options_.takes_over_unnamed && !has(source) && has("") &&
                       stored.front().subscription == options_.subscription;
  if (!is_this) return;
  name_only_source(database_, source);
  log::info("what the file has without the name of a source belongs to this one from now on");
}

void Replica::read_cursor() {
  const auto stored = bookkeeping_.cursor();
  if (!stored) return;
  if (stored->subscription != options_.subscription) {
    const auto& source = bookkeeping_.source();
    throw Fatal((source.empty() ? "SQLite file '" : "source '" + source + "' of SQLite file '") +
                options_.path + "' belongs to subscription '" + stored->subscription + "', not to '" +
                options_.subscription + "'. Check " +
                (source.empty() ? "--subscription and --database" : "its subscription, and --database"));
  }
  cursor_ = stored->cursor;
  last_event_id_ = stored->last_event_id;
}

}  // namespace mailboat::consumer
