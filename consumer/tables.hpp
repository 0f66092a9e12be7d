#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/messages.hpp"
#include "consumer/bookkeeping.hpp"
#include "consumer/columns_in_force.hpp"
#include "consumer/insert_run.hpp"
#include "consumer/loss_report.hpp"
#include "consumer/relation.hpp"
#include "consumer/rows_ahead.hpp"
#include "consumer/target.hpp"
#include "consumer/target_setup.hpp"
#include "consumer/verification.hpp"
#include "consumer/version_rules.hpp"

namespace mailboat::consumer {

/// The tables of a replica, by topic: has them made and altered as relations and routes say (TargetSetup),
/// and writes events and loaded rows to them. Works within whatever transaction is open. One thread; must not
/// outlive the database.
///
/// Throws InvalidInput for an event that does not fit, SQLite::Exception for whatever SQLite refuses: see
/// attempt() for telling the one row's fault from the file's. `buffer_end`: see RowDecoder::decode().
class Tables {
 public:
  /// `routes` must outlive this.
  Tables(SQLite::Database& database, Bookkeeping& bookkeeping, Verification& verification,
         const std::vector<Route>& routes, const std::string& prefix)
      : database_(database),
        bookkeeping_(bookkeeping),
        verification_(verification),
        setup_(database, routes, {bookkeeping.source(), prefix}),
        rules_(database, bookkeeping) {}

  /// Takes over what the file says, after opening it and after a rollback of a transaction that changed it;
  /// begins loads of tables that routes now ask for otherwise, and at the start also of tables that somebody
  /// has dropped. Within a transaction of its own. `since`: the first event id to come. Throws
  /// ConfigurationError for a route that does not fit.
  void read(EventId since, bool at_start);
  /// Gives up all prepared statements: before a rollback.
  void release_statements();
  /// True when relations, targets or loads have changed since read().
  [[nodiscard]] bool changed() const { return changed_; }

  /// See consumer::forget_history(): also of what is known here only.
  void forget_history(EventId shared_events);

  /// Applies an event of the main stream. What is read from an event's table fits the last description of it
  /// that could be applied; while a newer one could not, the topic's changes are refused as well, since they
  /// would lose whatever the newer one brought. A target that is paused is passed over: its table is loaded
  /// when it goes on.
  void apply(const Event& event, const char* buffer_end, const RowAhead& ahead = {});
  /// Which inserts of a topic insert() may write together: what else its events ask for is for apply(). Holds
  /// until something else is applied.
  [[nodiscard]] InsertRun::Place place_of_inserts(std::string_view topic) const;
  /// Writes as many of the run's first events as is possible together, and returns how many: the rest is for
  /// apply().
  std::size_t insert(const InsertRun& run);
  /// What rows may be decoded into before their turn.
  [[nodiscard]] const ColumnsInForce& columns_in_force() const { return columns_in_force_; }
  /// The topic that a description's table had until then; empty when it was the same. What waits to be tried
  /// again under that topic must be settled before.
  [[nodiscard]] static std::string former_topic(const Event& event);
  /// The description could not be applied, for this reason.
  void description_refused(const Event& event, const std::string& reason);

  /// Applies an event that was refused before, unless it has been overtaken. `written_as`: the description of
  /// its table when it was written; nullptr: the present one.
  RetryOutcome::Result apply_again(const Event& event, const char* buffer_end, const Relation* written_as);
  /// Takes out the rows that an upsert is about, so that apply_again() writes them anew. False when that
  /// would lose something: a delete, or a table with columns that the event does not fill.
  [[nodiscard]] bool displace(const Event& event, const char* buffer_end);

  /// The topic's load (again) begins; `since`: the first event id that counts as later. The topic need not
  /// have a table yet.
  void begin_load(const std::string& topic, EventId since);
  void load_rows(const LoadChunk& piece, std::int64_t chunk);
  void end_load(const LoadChunk& piece);
  /// Loads have begun that no producer has been told of.
  [[nodiscard]] bool has_own_loads() const { return has_own_loads_; }
  /// A session begins: its producer is told of all loads, and brings the descriptions again.
  void begin_session();

  /// The topic's tables, for comparing rows with them; none where routes keep none. Throws InvalidInput for a
  /// topic that is not known, and for one of which a table is paused.
  std::vector<Verification::Target> targets(const std::string& topic);

  /// Which tables are paused, and why; one sentence each.
  [[nodiscard]] std::vector<std::string> paused() const;
  /// Some table is paused, and somebody has changed the file's tables since: with its description, which
  /// comes at the start of a session, it may go on.
  [[nodiscard]] bool may_go_on();

 private:
  struct Topic {
    EventId relation_id = 0;           // id of the R event
    std::optional<Relation> relation;  // none: an application's
    EventId loading_since = 0;         // LoadSpan::since while a load is running
    bool is_skipped = false;
    /// Its table was dropped at the source, or is no longer tracked: what it has here stays, and is no longer
    /// written.
    bool is_detached = false;
    std::vector<Target> targets;
  };

  void apply_relation(const Event& event);
  Topic& set_up(const std::string& name, EventId relation_id, std::optional<Relation> relation,
                const Relation* before, EventId since, TargetSetup::Misfits misfits);
  void read_detached(const Bookkeeping::StoredRelation& stored);
  void rename(const std::string& from, const std::string& to, EventId relation_id);
  void detach(const Event& event);
  void apply_to(Topic& topic, std::size_t number, TargetWriter& writer, const Event& event,
                const char* buffer_end, std::span<const Value> decoded = {});
  void decode_ahead(const std::string& name, const Topic& topic);
  void apply_to_each(Topic& topic, const Event& event, const char* buffer_end);
  RetryOutcome::Result apply_again(Topic& topic, std::size_t number, const Event& event,
                                   const char* buffer_end, const Relation* written_as);
  Topic& topic_of(std::string_view name);
  bool has_rows(const Topic& topic);
  [[nodiscard]] std::int64_t schema_version();

  SQLite::Database& database_;
  Bookkeeping& bookkeeping_;
  Verification& verification_;
  TargetSetup setup_;
  VersionRules rules_;
  ColumnsInForce columns_in_force_;
  std::map<std::string, Topic, std::less<>> topics_;
  struct RefusedDescription {
    EventId relation_id = 0;
    std::string reason;
  };
  std::map<std::string, RefusedDescription, std::less<>> undescribed_;  // by topic, the latest
  bool changed_ = false;
  bool has_own_loads_ = false;
  std::int64_t schema_version_ = 0;  // when targets were last set up
  LossReport losses_;
};

}  // namespace mailboat::consumer
