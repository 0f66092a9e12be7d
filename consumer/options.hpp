#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/byte_size.hpp"
#include "common/command_line.hpp"
#include "common/curve_key.hpp"
#include "consumer/route.hpp"
#include "consumer/source.hpp"

namespace mailboat::consumer {

/// Everything an operator can decide about mailboat-consumer. deploy/consumer.toml shows the same as a file.
struct ConsumerOptions {
  /// What to follow, one source at least. Without `[[source]]` in the file it is one that has no name, with
  /// the settings `producer` and `subscription`. No default: a consumer that guessed could follow the wrong
  /// database.
  std::vector<Source> sources;

  /// The SQLite file to keep up to date; made when it does not exist. It holds the position as well, so a
  /// copy of it can be put back at any time. No default. Must be on a local disk: WAL mode needs shared
  /// memory.
  std::string database;

  /// The file with this consumer's secret key, as made by `mailboat keygen`; only its owner may have any
  /// right to it. Its public key has to be on the allow lists of the producers. Needed where a producer's
  /// public key is given. No default.
  std::string key_file;
  /// What parse_options() has found in it.
  KeyPair keys;

  /// Allows to connect to another machine's producer without keys. Set it only where everybody on that
  /// network may read, and change, what comes.
  bool insecure = false;

  /// The largest message that a producer may send; a larger one ends the connection. The largest that
  /// mailboat sends is one event, which PostgreSQL lets have 1 GiB. Lower it to protect a small machine from
  /// a producer that it does not trust.
  ByteSize message_limit{std::uint64_t{1200} << 20};

  /// End with exit code 0 once everything that was committed before the start has been applied, instead of
  /// following for ever. For cron jobs and tests.
  bool until_caught_up = false;

  /// How often a sign of life goes to the producer, which frees the subscription after a few silent
  /// intervals. Raise it on links where every packet costs; another consumer then has to wait longer to take
  /// over.
  std::chrono::milliseconds heartbeat{std::chrono::seconds(1)};

  /// How many events of one window may be rejected before the consumer stops instead, with nothing of the
  /// window applied: a table that somebody dropped must not turn a million events into failed tasks. 0 stands
  /// for no limit. Raise it where that many bad events are to be expected and looked at later.
  std::uint32_t reject_limit = 1000;

  /// How often every table is compared with the source while the consumer follows, as by `mailboat verify`.
  /// 0 stands for never. It reads every row of the source's tables once.
  std::chrono::milliseconds verify_every{};

  /// How topics become rows of tables: which, with which columns, and what they are computed by. A tracked
  /// table without one becomes a table of its own name, an application's event without one is rejected. Only
  /// in the file: `[[route]]`; docs/routes.md is the manual.
  std::vector<Route> routes;

  /// HOST:PORT where metrics and health are answered over HTTP: /metrics, /healthz, /readyz. Empty: nowhere.
  /// They tell names of tables and counts, and readiness may quote what was refused, so keep them to loopback
  /// or a network of your own.
  std::string metrics_listen;

  /// Debug also logs each window.
  log::Level log_level = log::Level::Info;

  /// Json: each line an object, for what collects logs and reads fields. Text is for people and the journal.
  log::Format log_format = log::Format::Text;
};

/// The options, or the code that the program is to end with because what had to be said has been printed.
std::variant<ConsumerOptions, ExitCode> parse_options(const std::vector<std::string>& arguments,
                                                      Terminal terminal, const Environment& environment);
/// The same from main(), with the process's environment.
std::variant<ConsumerOptions, ExitCode> parse_options(int argc, const char* const* argv, Terminal terminal);

}  // namespace mailboat::consumer
