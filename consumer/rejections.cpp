#include "consumer/rejections.hpp"

#include "consumer/shortened.hpp"

namespace mailboat::consumer {
namespace {

constexpr std::size_t piece_bytes = 1 << 20;
// An error may quote a whole row.
constexpr std::size_t longest_error = 2000;

}  // namespace

void Rejections::create_table(SQLite::Database& database) {
  database.exec(
      "CREATE TABLE IF NOT EXISTS _mailboat_rejection (position INTEGER PRIMARY KEY AUTOINCREMENT,"
      " source TEXT NOT NULL, event_id INTEGER NOT NULL, txid INTEGER NOT NULL, error TEXT NOT NULL,"
      " UNIQUE (source, event_id))");
}

void Rejections::add(const Rejection& rejection) {
  SQLite::Statement insert(
      database_,
      "INSERT OR REPLACE INTO _mailboat_rejection (source, event_id, txid, error) VALUES (?, ?, ?, ?)");
  insert.bind(1, source_);
  insert.bind(2, static_cast<std::int64_t>(rejection.event_id));
  insert.bind(3, static_cast<std::int64_t>(rejection.transaction));
  insert.bind(4, shortened(rejection.error, longest_error));
  insert.exec();
}

void Rejections::remove(EventId event_id) {
  SQLite::Statement remove(database_, "DELETE FROM _mailboat_rejection WHERE source = ? AND event_id = ?");
  remove.bind(1, source_);
  remove.bind(2, static_cast<std::int64_t>(event_id));
  remove.exec();
}

Rejections::Piece Rejections::read(std::int64_t after) {
  Piece piece;
  std::size_t bytes = 0;
  SQLite::Statement row(database_,
                        "SELECT position, event_id, txid, error FROM _mailboat_rejection"
                        " WHERE source = ? AND position > ? ORDER BY position");
  row.bind(1, source_);
  row.bind(2, after);
  while (bytes < piece_bytes && row.executeStep()) {
    piece.last_position = row.getColumn(0).getInt64();
    piece.rejections.push_back({static_cast<EventId>(row.getColumn(1).getInt64()),
                                static_cast<TransactionId>(row.getColumn(2).getInt64()),
                                row.getColumn(3).getString()});
    bytes += piece.rejections.back().error.size() + sizeof(Rejection);
  }
  return piece;
}

}  // namespace mailboat::consumer
