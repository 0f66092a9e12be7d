#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <optional>
#include <string>
#include <vector>

#include "consumer/relation.hpp"
#include "consumer/route.hpp"
#include "consumer/target.hpp"
#include "consumer/target_book.hpp"

namespace mailboat::consumer {

/// Decides where a topic's rows go, and brings the file's tables in line with that: by the routes of the
/// configuration, else a table of the topic's own name (its automatic table). Works within whatever
/// transaction is open. Must not outlive database and routes. Throws SQLite::Exception.
class TargetSetup {
 public:
  TargetSetup(SQLite::Database& database, const std::vector<Route>& routes, SourceTables owner)
      : database_(database), routes_(routes), owner_(std::move(owner)), book_(database, owner_.source) {}

  /// Whether a route that does not fit pauses its table (with the sentence, while everything else flows on),
  /// or is refused: at the start an operator is there to correct it.
  enum class Misfits { ArePaused, AreRefused };

  struct Result {
    std::vector<Target> targets;
    bool is_skipped = false;  ///< a route says that the topic's events are dropped
    bool needs_load = false;  ///< a table is new, or its rows were computed otherwise
    bool lacks_rows = false;  ///< events went past a table: it was paused, or somebody has dropped it
  };
  /// `before`: the relation that the topic's automatic table is in line with; nullptr: none.
  /// `after`: nullptr for a topic of an application, which has no description. Throws InvalidInput when such
  /// a topic has no route, or (ConfigurationError) with Misfits::AreRefused; TableTaken for a table that
  /// would be made and belongs to another source.
  Result set_up(const std::string& topic, const Relation* before, const Relation* after, Misfits misfits);

  /// Whether a table of mailboat's own that somebody has dropped is made again, to be loaded: at the start,
  /// and not while the operator may be about to put it back.
  void make_dropped_again(bool wanted) { makes_dropped_again_ = wanted; }

  /// Forgets targets that no route asks for any more; their tables stay.
  void forget_unrouted();

  /// What were the targets of `from` are those of `to`: its table has been renamed. The next set_up() gives
  /// automatic tables their new names. Whoever had the topic `to` before has lost it: its automatic tables
  /// are set aside.
  void rename_topic(const std::string& from, const std::string& to);
  /// The topic's targets, which no longer are any. Their tables stay.
  void forget_topic(const std::string& topic);
  /// Whether the file has any of the topic's tables.
  [[nodiscard]] bool has_table(const std::string& topic);
  /// Checks routes whose topics are not known yet. Throws ConfigurationError.
  void check_routes();
  /// Makes the route's table, if the route says so. Throws InvalidInput.
  void make(const Route& route, bool is_shared, const Relation* relation);

 private:
  [[nodiscard]] std::vector<Route> wanted(const std::string& topic, const Relation* relation) const;
  void set_up_one(const Route& asked, const Relation* before, const Relation* after, Misfits misfits,
                  Result& result);
  void set_up_table(const Route& route, bool is_shared, const Relation* before, const Relation* after);
  void set_up_managed(const Route& route, const Relation* before, const Relation& after);
  void take_name(const StoredTarget& target, const Route& route);
  void pause_renamed(const std::string& topic, const Relation& relation, Result& result);
  void make_managed(const Route& route, const Relation& relation);
  void require_free(const Route& route);
  void require_own(const Route& route);
  [[nodiscard]] bool table_exists(const std::string& name);
  [[nodiscard]] const StoredTarget* stored(const Route& route) const;
  [[nodiscard]] const Route* route_under_former_name(const StoredTarget& target) const;

  SQLite::Database& database_;
  const std::vector<Route>& routes_;
  const SourceTables owner_;
  TargetBook book_;
  bool makes_dropped_again_ = true;
  std::vector<StoredTarget> stored_;  // as of the beginning of set_up()
};

}  // namespace mailboat::consumer
