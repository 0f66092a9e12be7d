#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "common/command_line.hpp"
#include "postgres/connection.hpp"

namespace mailboat::cli {

/// What a subscription receives, that is, which topics and which of their columns: options of `subscribe` and
/// `configure`.
class SelectionOptions {
 public:
  void declare(CommandLine& line);
  [[nodiscard]] bool is_given() const { return !topics_.empty() || !columns_.empty(); }
  /// Stores what is given; the rest stays. Returns the tables of which the replica gets more than before.
  /// Throws StatementFailed when it does not fit the tables, or what is stored.
  std::vector<std::string> store(postgres::Connection& connection, const std::string& subscription) const;
  /// A note for each topic that no tracked table has. Not an error: it may be an application's event, or a
  /// table that is tracked later.
  void warn_of_untracked(postgres::Connection& connection, std::ostream& err) const;

 private:
  struct ColumnList {
    std::string topic;
    std::vector<std::string> columns;  // none: all of them
  };
  void read();
  [[nodiscard]] std::string columns_json() const;

  std::vector<std::string> topics_;
  std::vector<std::string> columns_;
  std::vector<ColumnList> lists_;  // columns_, taken apart
};

/// `topics public.users, public.orders; of public.users only id, name`: what an existing subscription
/// receives.
std::string selection_settings(postgres::Connection& connection, const std::string& subscription);

/// Says how the replica of an existing subscription comes to what it gets more of these tables.
void tell_of_loads(postgres::Connection& connection, const std::string& subscription,
                   const std::vector<std::string>& tables, std::ostream& out);

}  // namespace mailboat::cli
