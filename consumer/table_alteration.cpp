#include <algorithm>
#include <map>

#include "common/error.hpp"
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
    for (const auto& column : before.columns) live_[column.number] = {column.name, sqlite_type(column)};
  }

  void bring_in_line(const Column& column) {
    const auto known = live_.find(column.number);
    if (known != live_.end() && known->second.type == sqlite_type(column)) {
      if (known->second.name != column.name) move_to(known->second.name, column.name);
      return;
    }
    if (known != live_.end()) rename(known->second.name, free_name(known->second.name));
    make_room(column.name);
    statements_.push_back("ALTER TABLE " + quote(table_) + " ADD COLUMN " + quote(column.name) + ' ' +
                          std::string(sqlite_type(column)));
    existing_.push_back(column.name);
    live_[column.number] = {column.name, sqlite_type(column)};
  }

  [[nodiscard]] std::vector<std::string> statements() && { return std::move(statements_); }

 private:
  struct Live {
    std::string name;  // now
    std::string_view type;
  };

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
    for (auto& [number, column] : live_) {
      if (column.name != from) continue;
      column.name = to;
      break;
    }
  }

  const std::string table_;
  std::vector<std::string> existing_;
  std::map<int, Live> live_;  // by the number that stays the same when a column is renamed
  std::vector<std::string> statements_;
};

}  // namespace

std::vector<std::string> alter_table(const Relation& before, const Relation& after, std::string_view table,
                                     std::vector<std::string> existing) {
  require_distinct_columns(after);
  if (numbered_key(before) != numbered_key(after)) {
    throw InvalidInput(
        "the key of " + after.topic +
        " has changed, and the rows of the SQLite table cannot follow. Drop that table together with "
        "the file's cursor, that is, fill a new SQLite file");
  }
  Alteration alteration(before, table, std::move(existing));
  for (const auto& column : after.columns) alteration.bring_in_line(column);
  return std::move(alteration).statements();
}

}  // namespace mailboat::consumer
