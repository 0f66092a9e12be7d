#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

#include "postgres/connection.hpp"

namespace mailboat::bench {

/// Seconds of processor time that a running process has used since its start, all threads, user and system.
/// 0 for a process that has ended.
double processor_time(pid_t process);

/// The same of a whole PostgreSQL server: its processes that run, and those that have ended.
/// `postmaster` as postmaster_of() tells it.
double server_time(pid_t postmaster);
pid_t postmaster_of(postgres::Connection& connection);

/// Server processes of sessions whose application_name begins like that.
std::vector<pid_t> backends(postgres::Connection& connection, const std::string& application);

}  // namespace mailboat::bench
