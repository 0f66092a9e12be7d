#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <string>
#include <vector>

#include "common/messages.hpp"

namespace mailboat::consumer {

/// Rejections of one source that its PostgreSQL has not confirmed yet (`_mailboat_rejection`). They are
/// written in the transaction of their window, so that a crash between its commit and the report loses none.
/// Opens no transaction. Throws SQLite::Exception.
class Rejections {
 public:
  /// The table must have been made, by create_table(). `source` must outlive this.
  Rejections(SQLite::Database& database, const std::string& source) : database_(database), source_(source) {}
  static void create_table(SQLite::Database& database);

  /// One that is there already is put at the end: it is reported again.
  void add(const Rejection& rejection);
  void remove(EventId event_id);

  /// Some of those behind position `after` (0: the first), in order, of about 1 MiB at most. Empty when there
  /// are no more.
  struct Piece {
    std::vector<Rejection> rejections;
    std::int64_t last_position = 0;
  };
  [[nodiscard]] Piece read(std::int64_t after);

 private:
  SQLite::Database& database_;
  const std::string& source_;
};

}  // namespace mailboat::consumer
