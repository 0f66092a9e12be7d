#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/byte_size.hpp"
#include "common/command_line.hpp"

namespace mailboat::producer {

/// Everything an operator can decide about mailboat-producer. deploy/producer.toml shows the same as a file.
struct ProducerOptions {
  /// How to reach the source database: what libpq takes, a URI or key=value pairs. Empty: the PG* variables
  /// and libpq's own defaults. Needs the primary, never a standby, and a role that is a member of
  /// outbox_producer.
  std::string postgres;

  /// Where consumers connect. The port is mailboat's own; change it to run two producers on one machine, or
  /// use `ipc:///run/mailboat/feed` to let file permissions decide who may read.
  std::string listen = "tcp://127.0.0.1:5657";

  /// The file with this producer's secret key, as made by `mailboat keygen`; only its owner may have any
  /// right to it. With it the feed is encrypted, and only those on the allow list get in. Needed to listen
  /// where other machines can connect. Producers that stand in for each other may have one key together.
  std::string key_file;

  /// The file that names the consumers by their public keys, and what each may take. SIGHUP has it read
  /// again. docs/security.md shows one. Needed with `key_file`.
  std::string allow_list;

  /// Allows `listen` to be reachable from other machines although the feed has no keys. Set it only where
  /// everybody on that network may read every tracked table.
  bool insecure = false;

  /// How many sessions there may be. Each takes a thread and a connection to PostgreSQL: raise it together
  /// with max_connections there, for more replicas.
  std::uint32_t session_limit = 64;

  /// How many Hellos the consumers with one key may say in a second; without keys, all consumers together.
  /// Each costs PostgreSQL a new connection. Raise it if one key serves so many replicas that they are slow
  /// to come back after a restart of the producer.
  std::uint32_t handshake_limit = 50;

  /// The largest message that a consumer may send; the connection of one that sends a larger one is closed. A
  /// Hello that names many unfinished loads is the largest. Bytes that mean nothing can take eight times
  /// their size once decoded, so it is not generous.
  ByteSize message_limit{std::uint64_t{4} << 20};

  /// Go on after a failover of the source, instead of asking each replica to load again. The promoted server
  /// must have had every transaction that a replica has seen: set it only where replication is synchronous
  /// (synchronous_commit = on or remote_apply, with synchronous_standby_names), otherwise changes go missing
  /// unseen.
  bool trust_failover = false;

  /// The longest pause between two looks at the log when it is quiet. Only matters while commits cannot wake
  /// the producer (another producer holds the wake-up lock, or max_prepared_transactions > 0): it is then the
  /// added latency. Raise it to spare an idle source; an idle look takes about 0.1 ms of the server's time.
  std::chrono::milliseconds poll_interval_max{50};

  /// How long one transaction may stay open on the source while a window is read. Afterwards reading goes on
  /// in a new one, so that a slow replica does not hold back VACUUM. Raise it if loads of large tables have
  /// to share time with windows that never fit: a window that took longer carries no load chunk.
  std::chrono::milliseconds snapshot_hold_max{std::chrono::seconds(30)};

  /// How long an event stays in the log after its commit although every replica has it. An older copy of a
  /// replica's file that is put back goes on without a load if it is not older, and a replay reaches so far.
  /// Raise it to cover the age of your backups. The log always holds more, because it leaves in parts.
  std::chrono::milliseconds retention{std::chrono::hours(24)};

  /// How large the log may become. Beyond it the oldest part goes at once, and a subscription that has not
  /// acknowledged it is cut off: its next session loads every table, and what applications have published is
  /// missed. The default leaves a replica days to come back from most sources and still saves the source's
  /// disk from one that never does. Set it to a part of your disk; `none` lets the log fill it.
  ByteSize max_retained_bytes{std::uint64_t{100} << 30};

  /// How often a sign of life goes to each consumer, which gives a producer up after a few silent intervals.
  /// Raise it on links where every packet costs.
  std::chrono::milliseconds heartbeat{std::chrono::seconds(1)};

  /// HOST:PORT where metrics and health are answered over HTTP: /metrics, /healthz, /readyz. Empty: nowhere.
  /// They tell names of tables and counts, and readiness may quote what was refused, so keep them to loopback
  /// or a network of your own.
  std::string metrics_listen;

  /// Debug also logs each session's windows.
  log::Level log_level = log::Level::Info;

  /// Json: each line an object, for what collects logs and reads fields. Text is for people and the journal.
  log::Format log_format = log::Format::Text;
};

/// The options, or the code that the program is to end with because what had to be said has been printed.
/// Refuses (ExitCode::Usage) an unusable address, one that other machines can reach without keys unless
/// `insecure` is set, and unusable key files and allow lists.
std::variant<ProducerOptions, ExitCode> parse_options(const std::vector<std::string>& arguments,
                                                      Terminal terminal, const Environment& environment);

}  // namespace mailboat::producer
