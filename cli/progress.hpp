#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "producer/operation_status.hpp"
#include "producer/subscription_status.hpp"

namespace mailboat::cli {

/// How far something has come, for a person who watches.
struct Progress {
  std::string what;           ///< `load 7: public.orders (2 of 5)`
  std::string unit = "rows";  ///< what is counted
  std::int64_t done = 0;
  std::optional<std::int64_t> expected = {};  ///< nullopt: nobody knows
  bool is_estimate = false;                   ///< `expected` is
  double per_second = 0;                      ///< 0: not known
  std::optional<double> seconds_left = {};    ///< until the end of all of it
};

/// `1,500 of about 6,000 rows (25 %), 12,000 rows/s, about 5 min left`: what is known of it.
std::string progress_text(const Progress& progress);

/// What, a bar and the text in at most `columns` characters. What does not fit is left out: the bar first.
std::string progress_bar(const Progress& progress, std::size_t columns);

/// `load 7`, `verification 8`, `replay 9`
std::string operation_name(const OperationStatus& operation);

/// Rows of all tables so far, or events: what a rate is measured by.
std::uint64_t counted(const OperationStatus& operation);

/// How far the load of a table has come; `what` is `public.orders, then 2 more`.
Progress progress_of(const LoadStatus& load);

/// Where an operation stands. `per_second`: how fast counted() grows; `events`: how many a replay is going to
/// send, if that is known.
Progress progress_of(const OperationStatus& operation, double per_second, std::optional<std::int64_t> events);

}  // namespace mailboat::cli
