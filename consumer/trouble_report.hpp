#pragma once

#include <stop_token>
#include <string>

#include "consumer/options.hpp"

namespace mailboat::consumer {

/// Tells a producer of the source why this replica cannot follow it now, so that `mailboat status` shows it,
/// also when there is no file to begin a session with. False when none of them has answered.
bool report_trouble(const ConsumerOptions& options, const Source& source, const std::string& trouble,
                    const std::stop_token& stop);

}  // namespace mailboat::consumer
