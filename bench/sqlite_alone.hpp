#pragma once

#include <filesystem>

#include "bench/decoded_rows.hpp"

namespace mailboat::bench {

/// Makes a SQLite file as the consumer would, with the described table, empty.
void make_replica(const std::filesystem::path& file, const Description& table);

/// Upserts all rows in one transaction through SQLite's C API: the replica's settings, table and version
/// guard, but nothing to receive or to decode. Makes `file`, which must not exist. Returns the seconds until
/// the transaction is committed; the checkpoint that follows is not counted, as readers do not wait for it,
/// either.
double upsert_alone(const std::filesystem::path& file, const Description& table, const DecodedRows& rows);

}  // namespace mailboat::bench
