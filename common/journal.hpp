#pragma once

#include <optional>
#include <string>

namespace mailboat {

/// Whether what is written to `descriptor` goes to the systemd journal: it is the stream that the service
/// manager names in $JOURNAL_STREAM. Where a program's output was redirected since, it is not.
/// Source: systemd.exec(5), JOURNAL_STREAM.
[[nodiscard]] bool leads_to_journal(int descriptor, const std::optional<std::string>& journal_stream);

}  // namespace mailboat
