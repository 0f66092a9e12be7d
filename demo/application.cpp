#include "demo/application.hpp"

#include <algorithm>
#include <utility>

#include "common/pause.hpp"

namespace mailboat::demo {
namespace {

using std::chrono::milliseconds;

/// Mostly short; now and then somebody thinks before committing.
milliseconds pause_before_commit(std::mt19937_64& random) {
  if (random() % 20 == 0) return milliseconds(random() % 1000);
  return milliseconds(random() % 40);
}

std::int64_t insert(postgres::Transaction& transaction, const Scrobble& scrobble) {
  transaction.query(
      "INSERT INTO public.music_scrobble_records (name, artist, album, image, mbid, url, date)"
      " VALUES ($1, $2, $3, $4, nullif($5, '')::uuid, $6, $7::timestamptz)",
      {scrobble.name, scrobble.artist, scrobble.album, scrobble.image, scrobble.mbid, scrobble.url,
       scrobble.date});
  return 1;
}

/// Somebody had the clock of a phone wrong.
std::int64_t correct_date(postgres::Transaction& transaction, std::int64_t id) {
  return transaction
      .query(
          "UPDATE public.music_scrobble_records SET date = date - interval '1 hour' WHERE id = $1 RETURNING "
          "1",
          {std::to_string(id)})
      .size();
}

/// The tags of a file were wrong.
std::int64_t correct_album(postgres::Transaction& transaction, std::int64_t id, const Scrobble& right) {
  return transaction
      .query("UPDATE public.music_scrobble_records SET album = $2, image = $3 WHERE id = $1 RETURNING 1",
             {std::to_string(id), right.album, right.image})
      .size();
}

std::int64_t remove(postgres::Transaction& transaction, std::int64_t id) {
  return transaction
      .query("DELETE FROM public.music_scrobble_records WHERE id = $1 RETURNING 1", {std::to_string(id)})
      .size();
}

}  // namespace

Application::Application(const std::string& conninfo, const Scrobbles& scrobbles, std::int64_t connections,
                         std::int64_t existing)
    : scrobbles_(scrobbles), next_scrobble_(existing) {
  for (std::int64_t number = 0; number < connections; ++number) {
    connections_.emplace_back(
        [this, conninfo, number](const std::stop_token& stop) { write(stop, conninfo, number); });
  }
}

void Application::stop() {
  for (auto& connection : connections_) connection.request_stop();
  connections_.clear();
}

std::vector<Commit> Application::take_commits() {
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
  return std::exchange(commits_, {});
}

Totals Application::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

void Application::write(const std::stop_token& stop, const std::string& conninfo, std::int64_t number) {
  try {
    postgres::Connection connection(conninfo, "mailboat-demo application");
    std::mt19937_64 random(static_cast<std::uint64_t>(number));
    while (!stop.stop_requested()) run_transaction(stop, connection, random);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
  }
}

void Application::run_transaction(const std::stop_token& stop, postgres::Connection& connection,
                                  std::mt19937_64& random) {
  postgres::Transaction transaction(connection, postgres::Transaction::Kind::ReadWrite,
                                    "SELECT pg_current_xact_id()");
  const auto id = transaction.first_rows().uint64(0, 0);
  const auto changes = change_rows(transaction, random);
  pause(stop, pause_before_commit(random));
  if (random() % 20 == 0) {
    transaction.rollback();
    const std::lock_guard lock(mutex_);
    ++totals_.rolled_back;
    return;
  }
  transaction.commit();
  record(changes, id);
}

Totals Application::change_rows(postgres::Transaction& transaction, std::mt19937_64& random) {
  const auto last = static_cast<std::uint64_t>(next_scrobble_.load());
  std::vector<std::int64_t> ids;
  for (auto count = random() % 20; count > 0; --count)
    ids.push_back(static_cast<std::int64_t>(random() % last) + 1);
  std::sort(ids.begin(), ids.end());  // everybody locks rows in the same order: no deadlocks

  Totals changes;
  for (const auto id : ids) {
    switch (random() % 4) {
      case 0:
        changes.deleted += remove(transaction, id);
        break;
      case 1:
        changes.corrected +=
            correct_album(transaction, id, scrobbles_.at(static_cast<std::int64_t>(random() % last)));
        break;
      default:
        changes.corrected += correct_date(transaction, id);
    }
  }
  for (auto count = random() % 20 + 1; count > 0; --count) {
    changes.inserted += insert(transaction, scrobbles_.at(next_scrobble_++));
  }
  return changes;
}

void Application::record(const Totals& changes, TransactionId transaction) {
  const auto when = Clock::now();
  const std::lock_guard lock(mutex_);
  commits_.push_back({transaction, changes.inserted + changes.corrected + changes.deleted, when});
  totals_.inserted += changes.inserted;
  totals_.corrected += changes.corrected;
  totals_.deleted += changes.deleted;
  ++totals_.transactions;
}

}  // namespace mailboat::demo
