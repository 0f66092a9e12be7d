#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "postgres/connection.hpp"

namespace mailboat {

/// How far a running load has come, as the producer last wrote it down (about once a second).
struct LoadStatus {
  std::string topic;  ///< the table being read now
  std::int64_t rows = 0;
  std::int64_t estimated_rows = 0;     ///< of that table, as the planner believes; may be less than `rows`
  std::int64_t tables_left = 0;        ///< not counting this one
  double rows_per_second = 0;          ///< of all tables, over the last seconds; 0 while that is not known
  std::optional<double> seconds_left;  ///< for all tables, as the planner's estimates go; nullopt: not known
};

/// Events that the replica could not apply and that nobody has dealt with yet.
struct OpenTasks {
  std::int64_t retrying = 0;
  std::int64_t failed = 0;
  std::optional<double> oldest_seconds;  ///< since the oldest of both was rejected; nullopt without any
};

/// Why something is not as it should be, in words.
struct Trouble {
  std::string text;
  double seconds = 0;  ///< since it began
};

/// Since when a tracked table of the replica is known to be right. Nothing is known before the first
/// verification that has found nothing, or mended everything.
struct VerifiedTable {
  std::string topic;
  std::optional<std::string> verified_at;       ///< UTC, ISO 8601
  std::optional<std::string> verified_through;  ///< the snapshot that its last rows were compared at
  std::optional<double> seconds;                ///< since verified_at
};

/// A topic of which only some columns are sent.
struct ColumnList {
  std::string topic;
  std::vector<std::string> columns;
};

/// What an operator wants to know about one subscription.
struct SubscriptionStatus {
  std::string name;
  std::string state;                               ///< active or needs_load
  std::optional<Trouble> needed_load;              ///< why it needs a load, and since when that is known
  std::string start;                               ///< load, now or earliest
  std::optional<std::vector<std::string>> topics;  ///< nullopt: all
  std::vector<ColumnList> columns;                 ///< of all other topics all
  bool connected = false;                          ///< some producer serves a consumer of it at this moment
  std::int64_t lag_events = 0;          ///< committed events of its topics that are not acknowledged
  double lag_seconds = 0;               ///< age of the oldest of them; 0 without any
  std::optional<std::string> acked_at;  ///< UTC, ISO 8601; nullopt until the first acknowledgement
  std::optional<double> seconds_since_ack;
  std::int64_t acked_event_id = 0;  ///< highest event id applied; 0 before the first
  std::optional<LoadStatus> load;   ///< nullopt when none is running
  OpenTasks tasks;
  std::optional<Trouble> trouble;     ///< why the replica cannot follow; nullopt while it does, or is away
  std::vector<VerifiedTable> tables;  ///< all tracked ones that it takes, by topic
};

/// All subscriptions, ordered by name, as of one snapshot. Reads every event that some subscription has not
/// acknowledged: about half a second for a million of them. Throws StatementFailed or ConnectionLost.
std::vector<SubscriptionStatus> read_subscription_status(postgres::Connection& connection);

/// The one of that name, at the same cost; nullopt when there is none.
std::optional<SubscriptionStatus> find_subscription_status(postgres::Connection& connection,
                                                           const std::string& name);

}  // namespace mailboat
