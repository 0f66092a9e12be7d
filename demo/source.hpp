#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/snapshot.hpp"
#include "demo/scrobbles.hpp"
#include "postgres/connection.hpp"
#include "tests/support/cluster.hpp"

namespace mailboat::demo {

inline constexpr auto table_name = "music_scrobble_records";
inline constexpr auto subscription_name = "mailboat-demo";

/// Called with how many rows are done; may throw to break off.
using Progress = std::function<void(std::int64_t rows)>;

/// The database that changes: a throw-away cluster, or the user's server, on which everything that the demo
/// has made is removed again by the destructor.
class Source {
 public:
  /// An empty `postgres` means a throw-away cluster, durable as PostgreSQL comes.
  /// Throws ConfigurationError when the user's database has a table of that name already.
  explicit Source(const std::string& postgres);
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  [[nodiscard]] const std::string& conninfo() const { return conninfo_; }
  [[nodiscard]] bool is_throw_away() const { return cluster_ != nullptr; }
  /// As the server says it, e.g. `15.18`.
  [[nodiscard]] std::string version();

  void create_table();
  /// Inserts `rows` scrobbles, from number `first` on, in transactions of some thousands.
  void fill(const Scrobbles& scrobbles, std::int64_t first, std::int64_t rows, const Progress& progress);
  /// The id of a transaction that has just been committed.
  TransactionId committed_marker();

 private:
  void remember_what_is_there();
  void remove_leftovers();
  void clean_up();

  std::unique_ptr<test::Cluster> cluster_;
  std::string conninfo_;
  std::unique_ptr<postgres::Connection> connection_;
  bool outbox_was_there_ = false;
  std::vector<std::string> new_roles_;
};

}  // namespace mailboat::demo
