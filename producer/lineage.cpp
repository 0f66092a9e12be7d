#include "producer/lineage.hpp"

namespace mailboat::producer {
namespace {

std::string name(const SourceIdentity& source) {
  return "cluster " + std::to_string(source.system_identifier) + ", database oid " +
         std::to_string(source.database_oid);
}

}  // namespace

Lineage lineage_of(const Cursor& cursor, const SourceState& source, bool trust_failover) {
  const auto& from = cursor.source;
  const auto& here = source.identity;
  if (from.system_identifier != here.system_identifier || from.database_oid != here.database_oid) {
    return Lineage::Other;
  }
  if (from.timeline != here.timeline && !trust_failover) return Lineage::Promoted;
  return cursor.snapshot.xmax() > source.now.xmax() ? Lineage::WentBack : Lineage::Same;
}

std::string describe(Lineage lineage, const Cursor& cursor, const SourceState& source) {
  switch (lineage) {
    case Lineage::Other:
      return "the replica was filled from another PostgreSQL database (" + name(cursor.source) +
             "); this one is " + name(source.identity) + ": its transaction ids mean something else";
    case Lineage::Promoted:
      return "the source has been promoted since (timeline " + std::to_string(cursor.source.timeline) +
             " is now " + std::to_string(source.identity.timeline) +
             "): commits that the replica has may be gone there";
    case Lineage::WentBack:
      return "the source went back in time: the replica has it as of " + cursor.snapshot.to_string() +
             ", but it is now at " + source.now.to_string() + " (restored from a backup?)";
    case Lineage::Same:
      break;
  }
  return {};
}

}  // namespace mailboat::producer
