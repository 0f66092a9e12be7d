#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "cli/retry_options.hpp"
#include "cli/selection_options.hpp"
#include "postgres/connection.hpp"

namespace mailboat::cli {

/// What a subscription that begins with a copy has got from the one that the copy was made from.
struct FromCopy {
  std::string original;    ///< its name
  std::string source;      ///< what the copy calls the source; empty where it is the only one
  std::string snapshot;    ///< of the copy
  std::int64_t tasks = 0;  ///< how many of its tasks
};

/// Which source of the copy is meant; without a name, the one that was filled from this database. And what is
/// to be otherwise than in the subscription that it belongs to.
struct CopyOptions {
  const std::optional<std::string>& source;
  const SelectionOptions& selection;
  const RetryOptions& retry;
};

/// Makes subscription `name` for the copy of a replica's file at `path`, with everything as in the
/// subscription that the copy belongs to but what `options` say, and gives the file to it. Of a copy with
/// several sources only one is given. Throws Error when the copy cannot be used (see ReplicaCopy), or goes on
/// with another source, or the subscription cannot be made; then neither the database nor the file is
/// changed. The sentence says so where that is not certain.
FromCopy subscribe_from_copy(postgres::Connection& connection, const std::string& name,
                             const std::string& path, const CopyOptions& options,
                             const std::stop_token& stop);

}  // namespace mailboat::cli
