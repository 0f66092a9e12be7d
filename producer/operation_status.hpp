#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "postgres/connection.hpp"

namespace mailboat {

/// How one table of a load or a verification stands. Times are UTC in ISO 8601.
struct TableStatus {
  std::string topic;
  std::string status;  ///< requested, running, completed, failed or cancelled
  std::int64_t rows = 0;
  std::int64_t estimated_rows =
      0;  ///< as the planner believes; may be less than `rows`, 0 without an estimate
  std::int64_t missing = 0, extra = 0, different = 0, repaired = 0;  ///< of a verification
  std::optional<std::string> snapshot;  ///< what a verification that has ended was exact at
  std::optional<std::string> started_at, finished_at;
  double running_seconds = 0;  ///< since it began, until it ended
  std::optional<std::string> error;

  [[nodiscard]] std::int64_t differences() const { return missing + extra + different; }
};

/// What a replay is asked to send, and what has become of it.
struct ReplayStatus {
  std::optional<std::int64_t> from_id, to_id;
  std::optional<std::string> since, until;  ///< UTC, ISO 8601
  std::optional<std::string> topic;
  std::optional<std::string> key;  ///< a JSON object of texts
  std::optional<double> rate;      ///< events per second at most
  std::int64_t last_id = 0;        ///< the outcomes of all events up to here are counted
  std::int64_t sent = 0, applied = 0, superseded = 0, rejected = 0;
  struct Rejection {
    std::int64_t event_id = 0;
    std::string error;
  };
  std::vector<Rejection> errors;  ///< of the first rejected events
  double running_seconds = 0;
};

/// What an operator has asked for, and how it goes.
struct OperationStatus {
  std::int64_t id = 0;
  std::string subscription;
  std::string kind;    ///< load, verify or replay
  std::string status;  ///< requested, running, completed, failed or cancelled
  bool repair = false;
  std::string requested_by, requested_at;
  std::optional<std::string> started_at, finished_at, cancelled_by, error;
  double seconds_since_request = 0;
  std::vector<TableStatus> tables;     ///< in the order in which they are done; none of a replay
  std::optional<ReplayStatus> replay;  ///< of a replay only

  bool connected = false;                 ///< a consumer of the subscription is being served now
  std::optional<std::string> trouble;     ///< why its replica cannot follow now
  std::optional<std::int64_t> waits_for;  ///< the open operation of the same kind of work before this one

  [[nodiscard]] bool is_open() const { return status == "requested" || status == "running"; }
  [[nodiscard]] std::int64_t differences() const;
  [[nodiscard]] std::int64_t repaired() const;
  /// It was done to its end, and nothing is wrong now: no difference is left, no event was rejected.
  [[nodiscard]] bool is_well() const;
};

/// A row that a verification has found.
struct DifferenceStatus {
  std::string topic;
  std::string kind;                  ///< missing, extra or different
  std::string key;                   ///< a condition that finds the row in the replica
  std::vector<std::string> columns;  ///< of the replica's table
  bool repaired = false;
  std::optional<std::string> error;  ///< why it could not be compared, or not be mended
};

/// Throws Error when there is no such operation.
OperationStatus read_operation(postgres::Connection& connection, std::int64_t id);
/// Those that are not finished, in the order in which they were asked for.
std::vector<OperationStatus> read_open_operations(postgres::Connection& connection);
/// The last ones, the newest first.
std::vector<OperationStatus> read_last_operations(postgres::Connection& connection, std::int64_t limit);
/// Those that are listed, table by table; the counts of the tables may be higher.
std::vector<DifferenceStatus> read_differences(postgres::Connection& connection, std::int64_t operation);

}  // namespace mailboat
