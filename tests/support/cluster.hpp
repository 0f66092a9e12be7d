#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "postgres/connection.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::test {

/// A throw-away PostgreSQL server in a temporary directory, reachable through a Unix socket only. Server and
/// files are gone after the destructor, and when this process dies. Not thread-safe, but connecting to it is.
class Cluster {
 public:
  enum class Stop {
    Fast,       ///< ends sessions, writes a checkpoint
    Immediate,  ///< a crash: nothing is written, the next start recovers
  };
  struct Options {
    /// fsync and full_page_writes off. A crash of the server then still loses nothing, a crash of the machine
    /// would.
    bool fast = true;
    std::vector<std::string> settings = {};  ///< name=value, as in postgresql.conf; these win over ours
  };

  /// Makes and starts the newest PostgreSQL installed here. Throws std::runtime_error, with the server's
  /// words, when that does not work.
  Cluster() : Cluster(Options{}) {}
  explicit Cluster(Options options);
  /// A hot standby of its own that follows `primary`, which must run. Throws std::runtime_error likewise.
  struct StandbyOf {
    const Cluster& primary;
  };
  explicit Cluster(StandbyOf source);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  /// Returns when the server accepts connections. Does nothing when it runs.
  void start();
  /// Returns when the server has ended. Does nothing when it does not run.
  void stop(Stop how);
  void restart(Stop how);

  /// Ends the standby's following; it is a primary, on a timeline of its own, when this returns.
  void promote();
  /// Writes a base backup of the running server into `folder`, which is made and must not exist.
  void back_up(const std::filesystem::path& folder) const;
  /// Puts a base backup in the place of the server's files. The server must be stopped.
  void restore(const std::filesystem::path& backup);
  /// Makes a folder that the server owns, for a tablespace.
  static void make_folder(const std::filesystem::path& folder);
  /// Lets `role` in by `method` only (a word of pg_hba.conf: scram-sha-256, reject, ...), from the next
  /// connection on.
  void authenticate(const std::string& role, const std::string& method);

  /// For libpq, as the superuser.
  [[nodiscard]] std::string conninfo(const std::string& database = "postgres") const;
  /// A new, empty database with a name of its own; returns its conninfo.
  std::string create_database();

  /// What the server has logged since its last start.
  [[nodiscard]] std::string log() const;
  /// Where the server's socket is, for libpq's `host`.
  [[nodiscard]] const std::filesystem::path& socket_folder() const { return directory_.path(); }
  /// The folder of the server's programs (psql, pgbench, ...).
  [[nodiscard]] const std::filesystem::path& programs() const { return programs_; }

 private:
  void initialise();
  void run_program(const std::vector<std::string>& argv) const;
  [[nodiscard]] std::filesystem::path data() const { return directory_.path() / "data"; }

  Options options_;
  std::filesystem::path programs_;
  TempDir directory_{"cluster"};
  std::unique_ptr<Process> server_;
  int databases_ = 0;
};

/// One cluster for all tests of a binary, started on first use. Tests keep apart by create_database(); a test
/// that stops the server, or needs other settings, makes its own.
Cluster& shared_cluster();

}  // namespace mailboat::test
