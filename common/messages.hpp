#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/event.hpp"
#include "common/snapshot.hpp"

/// What producer and consumer say to each other, as plain values. proto/mailboat/v1/feed.proto is the wire
/// form and describes the fields; docs/protocol.md tells in which order they are said.
namespace mailboat {

inline constexpr std::uint32_t protocol_version = 1;

/// Which log a cursor belongs to: transaction ids of another cluster, database or timeline mean something
/// else.
struct SourceIdentity {
  std::uint64_t system_identifier = 0;
  std::uint32_t database_oid = 0;
  std::uint32_t timeline = 0;
  friend bool operator==(const SourceIdentity&, const SourceIdentity&) = default;
};

/// How far a table's load has come; `last_key` is empty before the first chunk.
struct LoadPosition {
  std::string topic;
  std::vector<std::string> last_key;
  std::uint64_t rows = 0;
  bool paused = false;  ///< a row of it was refused: not to go on in this session
  friend bool operator==(const LoadPosition&, const LoadPosition&) = default;
};

/// `outbox.operation.id`: something that an operator has asked for.
using OperationId = std::uint64_t;

/// A table that is being compared with the source, as far as the replica has come.
struct RunningVerification {
  OperationId operation = 0;
  LoadPosition position;
  friend bool operator==(const RunningVerification&, const RunningVerification&) = default;
};

/// A replica's cursor: everything visible in the snapshot has been applied.
struct Cursor {
  SourceIdentity source;
  Snapshot snapshot;
  friend bool operator==(const Cursor&, const Cursor&) = default;
};

struct Hello {
  std::uint32_t protocol = protocol_version;
  std::string subscription;
  std::string replica;
  std::optional<Cursor> cursor;
  std::vector<LoadPosition> unfinished_loads;
  std::uint32_t credit = 0;
  std::chrono::milliseconds heartbeat{};
  std::string trouble = {};   ///< why this replica cannot follow now: no session is wanted, only to tell
  std::string file = {};      ///< names the SQLite file and every copy of it
  std::uint64_t retries = 0;  ///< how many Retry messages this copy has applied
  std::optional<RunningVerification> verification = {};
  std::chrono::seconds verify_every{};  ///< 0: not by itself
  bool wants_times = false;             ///< events are to come with Event::created_at
};

struct Welcome {
  SourceIdentity source;
  std::chrono::milliseconds heartbeat{};
  bool new_history =
      false;  ///< event and transaction ids that the replica knows mean something else here ...
  EventId shared_events = 0;  ///< ... but those of events up to this id
};

/// Numbers as in feed.proto, never reused.
enum class RefusalCode : std::uint8_t {
  ProtocolMismatch = 1,
  UnknownSubscription = 2,
  Busy = 3,
  OtherSource = 4,
  SourceWentBack = 5,
  CursorMissing = 7,
  SourceUnsuitable = 8,
  SourceUnavailable = 9,
  ShuttingDown = 10,
  SessionUnknown = 11,
  TroubleNoted = 12,
  NotAllowed = 13,
};

/// As a word of a metric's label: `unknown_subscription`. Pure.
[[nodiscard]] std::string_view code_name(RefusalCode code);

/// True when saying Hello again later can help without anybody's doing at the consumer's end.
[[nodiscard]] constexpr bool is_temporary(RefusalCode code) {
  return code == RefusalCode::SourceUnavailable || code == RefusalCode::ShuttingDown ||
         code == RefusalCode::SessionUnknown || code == RefusalCode::TroubleNoted ||
         code == RefusalCode::NotAllowed;
}

struct Refusal {
  RefusalCode code = RefusalCode::SourceUnavailable;
  std::string text;
};

/// Rows of a table as they stand at the window's `to`.
struct LoadChunk {
  /// Numbers as in feed.proto.
  enum class Purpose : std::uint8_t {
    Load = 0,    ///< the rows are written
    Verify = 1,  ///< they are compared
    Repair = 2,  ///< and what differs is written
  };
  std::string topic;
  TextColumn rows;
  std::vector<std::string> last_key;
  bool ends_chunk = false;
  bool ends_load = false;
  std::uint64_t estimated_rows = 0;
  bool gives_up = false;  ///< with ends_load: the rest will not come
  Purpose purpose = Purpose::Load;
  OperationId operation = 0;  ///< the verification's
  bool begins = false;        ///< the first piece of a table's verification
};

struct Frame {
  std::uint64_t window = 0;
  std::uint32_t index = 0;
  std::optional<Snapshot> from;  ///< on the first frame; none for a new replica
  std::optional<Snapshot> to;    ///< on the last frame
  bool last = false;
  EventBatch events;
  std::vector<std::string> load_begins;
  std::optional<LoadChunk> chunk;
};

struct Ack {
  Snapshot snapshot;
  std::uint64_t window = 0;
  EventId last_event_id = 0;
  std::string trouble = {};  ///< what does not go on, although windows do; empty when there is nothing
};

struct Credit {
  std::uint32_t amount = 0;
};

/// An event that a replica could not apply, and why.
struct Rejection {
  EventId event_id = 0;
  TransactionId transaction = 0;
  std::string error;
  friend bool operator==(const Rejection&, const Rejection&) = default;
};

/// Rejections that the replica holds until they are Recorded.
struct Rejected {
  std::vector<Rejection> rejections;
};

/// PostgreSQL has committed the rejections of these events.
struct Recorded {
  std::vector<EventId> event_ids;
};

/// Events once more, outside of the windows: rejected ones, or what a replay asks for. Each follows the R
/// event that described its table when it was written, which is no attempt of its own unless it was rejected,
/// too.
struct Retry {
  EventBatch events;
  OperationId replay = 0;  ///< 0: retries that are due
};

/// What became of an event of a Retry.
struct RetryOutcome {
  enum class Result : std::uint8_t {
    Applied = 1,
    Superseded = 2,  ///< the row has moved on meanwhile: nothing was left to do
    Rejected = 3,
  };
  EventId event_id = 0;
  Result result = Result::Applied;
  std::string error;  ///< of Rejected
  friend bool operator==(const RetryOutcome&, const RetryOutcome&) = default;
};

/// `applied`, `superseded` or `rejected`: as metrics and the source's record have it.
[[nodiscard]] std::string_view result_name(RetryOutcome::Result result);

struct Retried {
  std::vector<RetryOutcome> outcomes;
  std::uint64_t number = 0;  ///< which Retry of the file it was, as Hello::retries counts them
  OperationId replay = 0;    ///< the Retry's
};

/// What a message takes of the credit: 1 for each MiB begun, so that large events are not under way by the
/// dozen, but never more than `all` the credit there is. Both sides reckon with it. Pure.
[[nodiscard]] std::uint32_t credit_cost(const Frame& frame, std::uint32_t all);
[[nodiscard]] std::uint32_t credit_cost(const Retry& retry, std::uint32_t all);

/// A row that is not in the replica as it is in the source.
struct Difference {
  /// Numbers as in feed.proto.
  enum class Kind : std::uint8_t { Missing = 1, Extra = 2, Different = 3 };
  Kind kind = Kind::Missing;
  std::string key;                   ///< a condition that finds the row: `"id" = 7`
  std::vector<std::string> columns;  ///< of the replica's table, that differ
  bool repaired = false;
  std::string error;  ///< why it could not be compared or mended
  friend bool operator==(const Difference&, const Difference&) = default;
};

/// The end of a table's verification.
struct Verified {
  OperationId operation = 0;
  std::string topic;
  Snapshot snapshot;  ///< what the last rows were exact at
  std::uint64_t rows = 0;
  std::uint64_t missing = 0;
  std::uint64_t extra = 0;
  std::uint64_t different = 0;
  std::uint64_t repaired = 0;
  std::vector<Difference> differences;  ///< the first of them
  std::string error;                    ///< why the table could not be verified to its end
};

/// PostgreSQL has committed a Verified.
struct VerificationRecorded {
  OperationId operation = 0;
  std::string topic;
};

/// Whoever has been silent for so many of its heartbeats is taken for dead.
inline constexpr int silent_heartbeats = 5;

struct Heartbeat {};
struct Goodbye {};

using FromConsumer = std::variant<Hello, Ack, Credit, Heartbeat, Goodbye, Rejected, Retried, Verified>;
using FromProducer = std::variant<Welcome, Refusal, Frame, Heartbeat, Recorded, Retry, VerificationRecorded>;

}  // namespace mailboat
