#include "consumer/table_alteration.hpp"

#include <algorithm>
#include <map>

#include "consumer/column_form.hpp"
#include "consumer/table_schema.hpp"
#include "consumer/target_sql.hpp"

namespace mailboat::consumer {
namespace {

std::string_view sqlite_type(const Column& column) { return declared_type(form_of(column.type)); }

std::vector<std::pair<int, std::string_view>> numbered_key(const Relation& relation) {
  std::vector<std::pair<int, std::string_view>> key;
  for (const auto& column : key_columns(relation)) key.emplace_back(column.number, sqlite_type(column));
  return key;
}

// Writes down ALTER TABLE statements, and remembers which names the table has after them.
class Alteration {
 public:
  Alteration(const Relation& before, std::string_view table, std::vector<std::string> existing)
      : table_(table), existing_(std::move(existing)) {
    for (const auto& column : before.columns) live_[column.number] = column.name;
  }

  void bring_in_line(const Column& column) {
    const auto known = live_.find(column.number);
    if (known != live_.end()) {
      if (known->second != column.name) move_to(known->second, column.name);
      return;
    }
    make_room(column.name);
    statements_.push_back("ALTER TABLE " + quote(table_) + " ADD COLUMN " + quote(column.name) + ' ' +
                          std::string(sqlite_type(column)));
    existing_.push_back(column.name);
    live_[column.number] = column.name;
  }

  [[nodiscard]] std::vector<std::string> statements() && { return std::move(statements_); }

 private:
  [[nodiscard]] std::vector<std::string>::iterator find(std::string_view name) {
    return std::find_if(existing_.begin(), existing_.end(),
                        [&](const std::string& other) { return lower_case(other) == lower_case(name); });
  }

  [[nodiscard]] std::string free_name(const std::string& name) {
    auto candidate = name + "_dropped";
    for (int i = 2; find(candidate) != existing_.end(); ++i) {
      candidate = name + "_dropped_" + std::to_string(i);
    }
    return candidate;
  }

  // A live column in the way gets its own new name later, when its turn comes.
  void make_room(const std::string& name) {
    const auto taken = find(name);
    if (taken != existing_.end()) rename(std::string(*taken), free_name(*taken));
  }

  void move_to(const std::string& from, const std::string& to) {
    if (lower_case(from) != lower_case(to)) make_room(to);
    rename(std::string(from), to);
  }

  void rename(const std::string& from, const std::string& to) {
    statements_.push_back("ALTER TABLE " + quote(table_) + " RENAME COLUMN " + quote(from) + " TO " +
                          quote(to));
    if (const auto place = find(from); place != existing_.end()) *place = to;
    for (auto& [number, name] : live_) {
      if (name != from) continue;
      name = to;
      break;
    }
  }

  const std::string table_;
  std::vector<std::string> existing_;
  std::map<int, std::string> live_;  // names now, by the number that stays the same when a column is renamed
  std::vector<std::string> statements_;
};

}  // namespace

std::vector<std::string> alter_table(const Relation& before, const Relation& after, std::string_view table,
                                     std::vector<std::string> existing) {
  require_distinct_columns(after);
  Alteration alteration(before, table, std::move(existing));
  for (const auto& column : after.columns) alteration.bring_in_line(column);
  return std::move(alteration).statements();
}

bool needs_rebuild(const Relation& before, const Relation& after) {
  if (numbered_key(before) != numbered_key(after)) return true;
  return std::any_of(after.columns.begin(), after.columns.end(), [&before](const Column& column) {
    return std::any_of(before.columns.begin(), before.columns.end(), [&column](const Column& was) {
      return was.number == column.number && sqlite_type(was) != sqlite_type(column);
    });
  });
}

Relation matched_by_name(Relation before, const Relation& after) {
  // What has no namesake gets a number that no column of PostgreSQL has.
  int unmatched = 0;
  for (auto& column : before.columns) {
    const auto same = std::find_if(
        after.columns.begin(), after.columns.end(),
        [&column](const Column& other) { return lower_case(other.name) == lower_case(column.name); });
    column.number = same != after.columns.end() ? same->number : --unmatched;
  }
  return before;
}

}  // namespace mailboat::consumer
