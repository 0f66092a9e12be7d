#pragma once

#include <string>

#include "common/messages.hpp"
#include "producer/source.hpp"

namespace mailboat::producer {

/// How a replica's past relates to the source that it is to go on with.
enum class Lineage {
  Same,
  Promoted,  ///< a standby has taken the source's place, without some commits perhaps
  WentBack,  ///< the source is behind the replica: it was put back to an earlier state
  Other,     ///< another cluster or database
};

/// `trust_failover`: a promoted standby has had every commit. Pure.
[[nodiscard]] Lineage lineage_of(const Cursor& cursor, const SourceState& source, bool trust_failover);

/// In words, for the operator; empty for Same. Pure.
[[nodiscard]] std::string describe(Lineage lineage, const Cursor& cursor, const SourceState& source);

}  // namespace mailboat::producer
