#include "consumer/route_trial.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <SQLiteCpp/Savepoint.h>
#include <algorithm>
#include <map>
#include <set>

#include "common/error.hpp"
#include "consumer/bookkeeping.hpp"
#include "consumer/own_tables.hpp"
#include "consumer/route_plan.hpp"
#include "consumer/schema_copy.hpp"
#include "consumer/target_setup.hpp"
#include "consumer/target_sql.hpp"
#include "consumer/trial_rows.hpp"

namespace mailboat::consumer {
namespace {

const Relation* find(const std::vector<Relation>& relations, const std::string& topic) {
  const auto found = std::find_if(relations.begin(), relations.end(),
                                  [&topic](const Relation& relation) { return relation.topic == topic; });
  return found == relations.end() ? nullptr : &*found;
}

// The names that a person has written, or would write.
TargetPlan readable(TargetPlan plan) {
  for (auto& column : plan.columns) {
    const auto plain = plan.plain_source(column.expression);
    if (plain) column.expression = ':' + plan.source[*plain].name;
  }
  return plan;
}

// Without the line ends that keep a comment in an expression from swallowing what follows, where there is
// none.
std::string tidied(std::string sql) {
  if (sql.find("--") != std::string::npos) return sql;
  for (auto at = sql.find("\n)"); at != std::string::npos; at = sql.find("\n)", at)) sql.erase(at, 1);
  return sql;
}

void describe(const TargetPlan& plan, TriedRoute& tried) {
  const auto shown = readable(plan);
  tried.route.topic = plan.topic;
  tried.route.table = plan.table;
  if (plan.mode == TargetPlan::Mode::History) {
    tried.write = tidied(append(shown));
    return;
  }
  tried.write = tidied(upsert(shown, VersionGuard::On));
  if (!plan.filter.empty()) tried.filter = tidied(select_filter(shown));
  tried.remove = delete_row(shown);
}

}  // namespace

class RouteTrial::Impl {
 public:
  explicit Impl(Setting setting)
      : routes_(std::move(setting.routes)),
        source_(std::move(setting.source)),
        has_file_(!setting.database.empty()),
        knows_source_(setting.relations.has_value()),
        database_(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE) {
    create_own_tables(database_);
    if (has_file_) read_file(setting.database);
    relations_ = knows_source_ ? *std::move(setting.relations) : in_file_;
    if (!has_file_) assume_tables();
    setup().forget_unrouted();
    database_.exec("BEGIN");  // attempt() works within a transaction
  }

  [[nodiscard]] std::vector<std::string> topics() const {
    std::vector<std::string> names;
    const auto add = [&names](const std::string& name) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    };
    for (const auto& route : routes_) add(route.topic);
    for (const auto& relation : relations_) {
      if (!routes_of(routes_, relation.topic).empty()) add(relation.topic);
    }
    return names;
  }

  TriedTopic try_topic(const std::string& topic) {
    TriedTopic tried{.topic = topic};
    const auto* relation = find(relations_, topic);
    tried.is_tracked = relation != nullptr;
    for (const auto& route : routes_of(routes_, topic)) {
      if (route.skip) tried.is_skipped = true;
      if (!route.skip) tried.routes.push_back({route});
    }
    try {
      for (auto& one : tried.routes) check_alone(one.route);
      note_unknown(tried);
      if (can_be_set_up(tried)) set_up(tried, relation);
    } catch (const InvalidInput& error) {
      tried.mistake = error.what();
    } catch (const ConfigurationError& error) {
      tried.mistake = error.what();
    }
    return tried;
  }

  std::vector<Target>& targets(const std::string& topic) { return targets_[topic]; }
  SQLite::Database& database() { return database_; }

 private:
  void read_file(const std::string& path) {
    auto file = open_to_read(path);
    require_own_format(file);
    copy_schema(file, database_);
    for (const auto* table : {"_mailboat_cursor", "_mailboat_target", "_mailboat_relation"}) {
      copy_rows(file, database_, table);
    }
    for (const auto& cursor : stored_cursors(database_)) {
      const bool is_ours = cursor.source.empty() && cursor.subscription == source_.subscription;
      if (is_ours && !source_.name.empty()) name_only_source(database_, source_.name);
    }
    for (const auto& stored : Bookkeeping(database_, source_.name).relations()) {
      in_file_.push_back(parse_relation(stored.topic, stored.description));
    }
  }

  [[nodiscard]] TargetSetup setup() { return {database_, routes_, {source_.name, source_.prefix}}; }

  // Without a file nobody knows its tables. Made by their routes they show all else.
  void assume_tables() {
    for (auto& route : routes_) {
      if (route.skip || route.create || route.columns.empty()) continue;
      route.create = true;
      assumed_.insert(route.place.number);
    }
  }

  // What can be said of a route whose topic is not known.
  void check_alone(const Route& route) {
    check_route_alone(database_, route);
    if (route.create_statement.empty() || !statement_of(database_, route.table).empty()) return;
    SQLite::Savepoint savepoint(database_, "trial");  // rolled back
    setup().make(route, false, nullptr);
  }

  void note_unknown(TriedTopic& tried) const {
    if (tried.routes.empty()) return;
    if (!tried.is_tracked && !knows_source_ && !tried.routes.front().route.is_default()) {
      tried.unknown.emplace_back(
          "whether it is a tracked table, and which columns and key it has then: give --postgres");
    }
    const auto needs_file = [this](const TriedRoute& one) {
      return !has_file_ && (!one.route.create || assumed_.contains(one.route.place.number));
    };
    if (std::any_of(tried.routes.begin(), tried.routes.end(), needs_file)) {
      tried.unknown.emplace_back("whether the SQLite file has the table, and it fits: give --database");
    }
  }

  [[nodiscard]] bool can_be_set_up(const TriedTopic& tried) const {
    return std::all_of(tried.routes.begin(), tried.routes.end(), [&](const TriedRoute& one) {
      const auto& route = one.route;
      if (!has_file_ && !route.create) return false;
      const bool needs_description =
          route.is_managed() || (route.mode == Route::Mode::Rows && route.key.empty());
      const bool may_be_described = tried.is_tracked || (knows_source_ && tried.topic != "*");
      return !needs_description || may_be_described;
    });
  }

  // As at the start of a consumer that has been told the description.
  void set_up(TriedTopic& tried, const Relation* relation) {
    const auto* before = find(in_file_, tried.topic);
    std::vector<Target> targets;
    const auto tables_before = tables();
    targets = setup().set_up(tried.topic, before, relation, TargetSetup::Misfits::AreRefused).targets;
    for (std::size_t i = 0; i < targets.size() && i < tried.routes.size(); ++i) {
      const auto& plan = targets[i].plan();
      if (!targets[i].paused().empty()) throw InvalidInput(targets[i].paused());
      describe(plan, tried.routes[i]);
      const bool is_assumed = assumed_.contains(tried.routes[i].route.place.number);
      if (!is_assumed && !tables_before.contains(lower_case(plan.table))) {
        tried.routes[i].create = statement_of(database_, plan.table);
      }
    }
    targets_.insert_or_assign(tried.topic, std::move(targets));
  }

  std::set<std::string> tables() {
    std::set<std::string> names;
    SQLite::Statement name(database_, "SELECT name FROM sqlite_master");
    while (name.executeStep()) names.insert(lower_case(name.getColumn(0).getString()));
    return names;
  }

  std::vector<Route> routes_;
  const Source source_;
  const bool has_file_;
  const bool knows_source_;
  std::set<std::size_t> assumed_;  // numbers of routes
  SQLite::Database database_;
  std::vector<Relation> relations_;
  std::vector<Relation> in_file_;
  std::map<std::string, std::vector<Target>> targets_;
};

RouteTrial::RouteTrial(Setting setting) : impl_(std::make_unique<Impl>(std::move(setting))) {}
RouteTrial::~RouteTrial() = default;

std::vector<std::string> RouteTrial::topics() const { return impl_->topics(); }

TriedTopic RouteTrial::try_topic(const std::string& topic) { return impl_->try_topic(topic); }

bool RouteTrial::has_targets(const std::string& topic, Route::Mode mode) const {
  const auto& targets = impl_->targets(topic);
  return std::any_of(targets.begin(), targets.end(), [mode](const Target& target) {
    return target.has_rows_of_source() == (mode == Route::Mode::Rows);
  });
}

std::vector<WrittenTable> RouteTrial::load(const std::string& topic, const TextColumn& rows) {
  std::vector<WrittenTable> written;
  for (auto& target : impl_->targets(topic)) {
    if (target.has_rows_of_source()) written.push_back(load_rows(impl_->database(), target, rows));
  }
  return written;
}

std::vector<WrittenTable> RouteTrial::apply(const std::string& topic, const EventBatch& events,
                                            Route::Mode mode) {
  std::vector<WrittenTable> written;
  for (auto& target : impl_->targets(topic)) {
    if (target.has_rows_of_source() == (mode == Route::Mode::Rows)) {
      written.push_back(apply_events(impl_->database(), target, events));
    }
  }
  return written;
}

}  // namespace mailboat::consumer
