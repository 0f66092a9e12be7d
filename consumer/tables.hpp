#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/messages.hpp"
#include "consumer/bookkeeping.hpp"
#include "consumer/relation.hpp"
#include "consumer/route.hpp"
#include "consumer/table_writer.hpp"
#include "consumer/verification.hpp"
#include "consumer/version_rules.hpp"

namespace mailboat::consumer {

/// The tables of a replica, by topic: makes and alters them as the relations say, and writes events and
/// loaded rows to them. Works within whatever transaction is open. One thread; must not outlive the database.
///
/// Throws InvalidInput for an event that does not fit, SQLite::Exception for whatever SQLite refuses: see
/// attempt() for telling the one row's fault from the file's. `buffer_end`: see RowDecoder::decode().
class Tables {
 public:
  /// `routes` must outlive this.
  Tables(SQLite::Database& database, Bookkeeping& bookkeeping, Verification& verification,
         const std::vector<Route>& routes)
      : database_(database),
        bookkeeping_(bookkeeping),
        verification_(verification),
        routes_(routes),
        rules_(database, bookkeeping) {}

  /// Takes over what the file says: after opening it, and after a rollback of a transaction that changed it.
  /// Throws ConfigurationError for a route that the file has no table for.
  void read();
  /// Gives up all prepared statements: before a rollback.
  void release_statements();
  /// True when relations or loads have changed since read().
  [[nodiscard]] bool changed() const { return changed_; }

  /// Applies an event of the main stream. What is read from an event's table fits the last description of it
  /// that could be applied; while a newer one could not, the topic's changes are refused as well, since they
  /// would lose whatever the newer one brought.
  void apply(const Event& event, const char* buffer_end);
  /// The description could not be applied, for this reason.
  void description_refused(const Event& event, const std::string& reason);

  /// Applies an event that was refused before, unless it has been overtaken. `written_as`: the description of
  /// its table when it was written; nullptr: the present one.
  RetryOutcome::Result apply_again(const Event& event, const char* buffer_end, const Relation* written_as);
  /// Takes out the row that an upsert is about, so that apply_again() writes it anew. False when that would
  /// lose something: a delete, or a table with columns that the event does not fill.
  [[nodiscard]] bool displace(const Event& event, const char* buffer_end);

  /// The topic's load (again) begins; `since`: the first event id that counts as later. The topic need not
  /// have a table yet.
  void begin_load(const std::string& topic, EventId since);
  void load_rows(const LoadChunk& piece, std::int64_t chunk);
  void end_load(const LoadChunk& piece);

  /// The topic's table, for comparing rows with it. Throws InvalidInput when there is none.
  Verification::Target target(const std::string& topic);

 private:
  struct Table {
    EventId relation_id = 0;  // id of the R event
    Relation relation;
    std::string name;
    EventId loading_since = 0;                      // LoadSpan::since while a load is running
    bool routed = false;                            // the operator's own table
    std::unique_ptr<TableWriter> writer = nullptr;  // made at the first use
    std::unique_ptr<RowComparison> comparison = nullptr;
    // Reads events that were written under an older description.
    std::unique_ptr<TableWriter> old_writer = nullptr;
    Relation old_relation = {};
  };

  void read_routes();
  void require_own_table(const Route& route) const;
  void apply_relation(const Event& event);
  void make_table(const Event& event, Relation relation);
  void alter(Table& table, const Event& event, Relation relation);
  void store(const Event& event, const std::string& table);
  void apply_change(Table& table, TableWriter& writer, const Event& event, const char* buffer_end);
  Table& table_for(std::string_view topic);
  TableWriter& writer(Table& table);
  TableWriter& writer_for(Table& table, const Relation* written_as);
  bool has_rows(const std::string& topic);
  bool table_exists(const std::string& name);
  std::vector<std::string> columns_of(const std::string& table);

  SQLite::Database& database_;
  Bookkeeping& bookkeeping_;
  Verification& verification_;
  const std::vector<Route>& routes_;
  VersionRules rules_;
  std::map<std::string, Table, std::less<>> tables_;
  struct RefusedDescription {
    EventId relation_id = 0;
    std::string reason;
  };
  std::map<std::string, RefusedDescription, std::less<>> undescribed_;  // by topic, the latest
  bool changed_ = false;
};

}  // namespace mailboat::consumer
