#include "cli/from_copy.hpp"

#include <algorithm>
#include <functional>

#include "consumer/replica_copy.hpp"
#include "producer/lineage.hpp"

namespace mailboat::cli {
namespace {

using consumer::ReplicaCopy;
using consumer::StoredCursor;

// What commits in PostgreSQL must be on disk before the file relies on it.
constexpr auto durably =
    "SELECT set_config('synchronous_commit', 'local', true) WHERE current_setting('synchronous_commit') = "
    "'off'";

// The very file that a consumer of the subscription has written, and no copy of it.
void require_copy(postgres::Connection& connection, const std::string& original, const std::string& replica,
                  const std::string& path) {
  const auto live = connection.query("SELECT FROM outbox.subscription WHERE name = $1 AND consumer = $2",
                                     {original, replica});
  if (live.empty()) return;
  throw Fatal("'" + path + "' is the file that subscription '" + original +
              "' writes. Give a copy of it, made with: mailboat backup --database " + path + " --to COPY");
}

const StoredCursor* find(const std::vector<StoredCursor>& sources,
                         const std::function<bool(const StoredCursor&)>& is_meant) {
  const auto found = std::find_if(sources.begin(), sources.end(), is_meant);
  return found == sources.end() ? nullptr : &*found;
}

std::string names_of(const std::vector<StoredCursor>& sources) {
  std::string names;
  for (const auto& stored : sources) names += (names.empty() ? "" : ", ") + stored.source;
  return names;
}

// Of several sources, the one that this database has filled.
const StoredCursor& source_of_copy(postgres::Connection& connection, const std::vector<StoredCursor>& sources,
                                   const std::string& path, const std::optional<std::string>& name) {
  if (name) {
    const auto* given = find(sources, [&](const auto& stored) { return stored.source == *name; });
    if (given != nullptr) return *given;
    throw Fatal("the copy '" + path + "' has no source '" + *name + "'" +
                (sources.front().source.empty() ? ": it is of one source, which needs no --source"
                                                : " (it has: " + names_of(sources) + ")"));
  }
  if (sources.size() == 1) return sources.front();
  const auto here = producer::look_at_source(connection);
  std::vector<StoredCursor> filled_here;
  for (const auto& stored : sources) {
    const auto& source = stored.cursor.source;
    if (source.system_identifier == here.identity.system_identifier &&
        source.database_oid == here.identity.database_oid)
      filled_here.push_back(stored);
  }
  if (filled_here.size() == 1) {
    return *find(sources, [&](const auto& stored) { return stored.source == filled_here[0].source; });
  }
  if (filled_here.empty()) {
    throw Fatal("none of the sources of the copy '" + path + "' (" + names_of(sources) +
                ") was filled from this database. Give --postgres that of one of them");
  }
  throw Fatal("several sources of the copy '" + path + "' were filled from this database: " +
              names_of(filled_here) + ". Say which one with --source NAME");
}

void require_same_source(postgres::Connection& connection, const Cursor& cursor, const std::string& path) {
  const auto source = producer::look_at_source(connection);
  const auto lineage = producer::lineage_of(cursor, source, false);
  if (lineage == producer::Lineage::Same) return;
  throw Fatal("the copy '" + path +
              "' cannot go on with this source: " + producer::describe(lineage, cursor, source) +
              ". Leave out --from-copy, and let a consumer fill a new file");
}

std::int64_t make_subscription(postgres::Transaction& transaction, const std::string& name,
                               const consumer::StoredCursor& position) {
  return transaction
      .query("SELECT outbox.subscribe_copy($1, $2, $3::pg_snapshot, $4::bigint)",
             {name, position.subscription, position.cursor.snapshot.to_string(),
              std::to_string(position.last_event_id)})
      .int64(0, 0);
}

void commit(postgres::Transaction& transaction, const std::string& name, const std::string& path) {
  try {
    transaction.commit();
  } catch (const postgres::ConnectionLost& error) {
    throw Error(std::string(error.what()) + ". '" + path +
                "' is as it was; the subscription may have been made. If mailboat status shows " + name +
                ", remove it: mailboat unsubscribe " + name + ". Then run this again");
  }
}

void take_back(postgres::Connection& connection, const std::string& name) {
  try {
    connection.query("SELECT outbox.unsubscribe($1)", {name});
  } catch (const Error& error) {
    throw Error("subscription '" + name +
                "' has been made, but the copy could not be given to it, and it could not be removed: " +
                error.what() + ". Do that with: mailboat unsubscribe " + name);
  }
}

}  // namespace

// PostgreSQL and the file cannot commit together, so the order decides what a crash between the two leaves
// behind. PostgreSQL is first: then there is a subscription that no file knows, while the copy still says
// that it belongs to the original. A consumer refuses the copy, this command says that the subscription
// exists already and how to remove it, and all can be done again. The other way round, the copy would claim a
// subscription that does not exist; the refusal tells to make it, and that one would know nothing of what the
// copy lacks. The file is written, though not committed, before PostgreSQL commits, so that a disk that is
// full or not writable stops everything.
FromCopy subscribe_from_copy(postgres::Connection& connection, const std::string& name,
                             const std::string& path, const CopyOptions& options,
                             const std::stop_token& stop) {
  ReplicaCopy copy(path, stop);
  const auto& position = source_of_copy(connection, copy.origin().sources, path, options.source);
  if (position.subscription == name) {
    throw Fatal("'" + path + "' belongs to subscription '" + name +
                "' already. Start its consumer, or choose another name for a new subscription");
  }
  require_copy(connection, position.subscription, copy.origin().replica, path);
  require_same_source(connection, position.cursor, path);

  FromCopy made{position.subscription, position.source, position.cursor.snapshot.to_string(), 0};
  postgres::Transaction transaction(connection, postgres::Transaction::Kind::ReadWrite, durably);
  made.tasks = make_subscription(transaction, name, position);
  if (options.selection.is_given()) options.selection.store(connection, name);
  if (options.retry.is_given()) options.retry.store(connection, name);
  copy.give_to(name, position.source);
  commit(transaction, name, path);
  try {
    copy.commit();
  } catch (const Error&) {
    take_back(connection, name);
    throw;
  }
  return made;
}

}  // namespace mailboat::cli
