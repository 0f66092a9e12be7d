#pragma once

#include <ostream>

#include "cli/task.hpp"

namespace mailboat::cli {

/// An aligned table, one task on a line, and below it how many more there are.
void print_tasks(std::ostream& out, const TaskList& list);
/// `{"tasks": [...], "more": 0}`
void print_tasks_json(std::ostream& out, const TaskList& list);

/// Everything about one task, for people.
void print_details(std::ostream& out, const TaskDetails& details);
/// The same as one JSON object; the payload as JSON in it.
void print_details_json(std::ostream& out, const TaskDetails& details);

/// `1 task`, `1,234 tasks`
std::string tasks(std::int64_t count);

}  // namespace mailboat::cli
