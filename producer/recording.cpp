#include "producer/recording.hpp"

#include <algorithm>
#include <limits>

namespace mailboat::producer {
namespace {

// A compensation may have to wait for a row that the application is changing.
constexpr auto settings =
    "SELECT set_config('synchronous_commit', 'local', true) WHERE current_setting('synchronous_commit') = "
    "'off';"
    "SET LOCAL lock_timeout = '10s'";

}  // namespace

postgres::Rows record_durably(postgres::Connection& connection, const std::string& statement,
                              const postgres::Params& params) {
  postgres::Transaction transaction(connection, postgres::Transaction::Kind::ReadWrite, settings);
  auto rows = transaction.query(statement, params);
  transaction.commit();
  return rows;
}

std::string to_bigint(std::uint64_t count) {
  constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
  return std::to_string(std::min(count, largest));
}

}  // namespace mailboat::producer
