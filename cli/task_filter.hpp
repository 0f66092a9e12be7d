#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/command_line.hpp"
#include "postgres/connection.hpp"

namespace mailboat::cli {

/// Which rejected events a command is about. What is not given does not restrict.
struct TaskFilter {
  std::optional<std::string> subscription = {};
  std::vector<std::int64_t> ids = {};
  std::vector<std::string> statuses = {};
  std::optional<std::string> topic = {};
  std::optional<std::string> error = {};          ///< stands in the last error, in capitals or not
  std::optional<std::string> refused_by = {};     ///< first refused at this time or before
  std::optional<std::string> refused_since = {};  ///< first refused at this time or after
};

/// The filter as options of `failed list`, `retry` and `discard`.
class FilterOptions {
 public:
  /// `statuses`: those that --status takes; `usual`: those it means when it is not given.
  FilterOptions(std::vector<std::string> statuses, std::vector<std::string> usual)
      : choices_(std::move(statuses)), statuses_(std::move(usual)) {}

  /// Declares NAME, ID... and the options.
  void declare(CommandLine& line, bool name_required);
  [[nodiscard]] const std::string& name() const { return name_; }
  /// True when an id or an option restricts what is meant.
  [[nodiscard]] bool is_given() const;
  [[nodiscard]] bool names_ids() const { return !ids_.empty(); }
  /// The filter with its ages counted from now, by the server's clock. Without --status, a task that is named
  /// by its id may have any of the statuses that --status takes.
  [[nodiscard]] TaskFilter resolve(postgres::Connection& connection) const;

 private:
  void read_ids();

  std::vector<std::string> choices_;
  std::vector<std::string> statuses_;
  std::string name_;
  std::vector<std::string> id_texts_;
  std::vector<std::int64_t> ids_;
  std::optional<std::vector<std::string>> given_statuses_;
  std::optional<std::string> topic_;
  std::optional<std::string> error_;
  std::optional<std::chrono::milliseconds> older_than_;
  std::optional<std::chrono::milliseconds> newer_than_;
};

/// FROM and WHERE of the tasks that match: `r` is outbox.rejection, `s` outbox.subscription, `e` the event if
/// it is still in the log, `d` its description if it is an R event. Takes parameters $1 to $7.
extern const char* const matching_tasks;
postgres::Params filter_params(const TaskFilter& filter);

/// `{1,2}`, for a parameter that is cast to bigint[].
std::string id_array(const std::vector<std::int64_t>& ids);

}  // namespace mailboat::cli
