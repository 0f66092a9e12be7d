#pragma once

#include "cli/task.hpp"

namespace mailboat::cli {

enum class TaskChange { Retry, Discard };

/// The tasks that a change is about to touch.
struct ChangePlan {
  std::vector<std::int64_t> ids;
  std::int64_t compensated = 0;  ///< how many match, but are left out: the source has been put right already
};

/// `filter` has a subscription. With `compensated_too` none is left out.
ChangePlan plan_change(postgres::Connection& connection, const TaskFilter& filter, bool compensated_too);

/// Changes, in one transaction, those of `plan` that still match `filter`, and returns how many these were.
/// `decided_by` is for the audit columns.
std::int64_t carry_out(postgres::Connection& connection, TaskChange change, const TaskFilter& filter,
                       const ChangePlan& plan, bool compensated_too, const std::string& decided_by);

}  // namespace mailboat::cli
