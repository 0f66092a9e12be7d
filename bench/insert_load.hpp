#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mailboat::bench {

/// Makes the table that time_inserts() writes to, and tracks it.
inline constexpr auto inserted_table =
    "CREATE TABLE public.entry (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,"
    " artist text NOT NULL, album text, url text, date timestamptz NOT NULL DEFAULT now());"
    "SELECT outbox.track('public.entry')";

/// Four applications insert one row in each transaction, each as fast as it can, for so long. Returns what
/// each INSERT took, its commit included: milliseconds, sorted.
std::vector<double> time_inserts(const std::string& conninfo, std::uint32_t seconds);

}  // namespace mailboat::bench
