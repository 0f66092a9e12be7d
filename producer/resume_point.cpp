#include "producer/resume_point.hpp"

#include <algorithm>

namespace mailboat::producer {
namespace {

// How the replica's past relates to the source.
enum class Lineage { Same, Promoted, WentBack, Other };

Lineage lineage_of(const Cursor& cursor, const SourceState& source, bool trust_failover) {
  const auto& from = cursor.source;
  const auto& here = source.identity;
  if (from.system_identifier != here.system_identifier || from.database_oid != here.database_oid) {
    return Lineage::Other;
  }
  if (from.timeline != here.timeline && !trust_failover) return Lineage::Promoted;
  return cursor.snapshot.xmax() > source.now.xmax() ? Lineage::WentBack : Lineage::Same;
}

std::string reset_command(const Subscription& subscription) {
  return "mailboat load " + subscription.name + " --reset-cursor";
}

[[noreturn]] void refuse_other(const Subscription& subscription, const SourceIdentity& from,
                               const SourceIdentity& here) {
  throw SessionRefused(
      RefusalCode::OtherSource,
      "the replica was filled from another PostgreSQL database (cluster " +
          std::to_string(from.system_identifier) + ", database oid " + std::to_string(from.database_oid) +
          "); this one is cluster " + std::to_string(here.system_identifier) + ", database oid " +
          std::to_string(here.database_oid) +
          ": its transaction ids mean something else. Check --producer; if this is the replica's source from "
          "now on, have its tables loaded in place with: " +
          reset_command(subscription));
}

[[noreturn]] void refuse_future(const Subscription& subscription, const Snapshot& cursor,
                                const Snapshot& now) {
  throw SessionRefused(RefusalCode::SourceWentBack,
                       "the source went back in time: the replica has it as of " + cursor.to_string() +
                           ", but it is now at " + now.to_string() +
                           " (restored from a backup?). If that is meant to be, have the replica's tables "
                           "loaded in place with: " +
                           reset_command(subscription));
}

[[noreturn]] void refuse_empty(const Subscription& subscription) {
  throw SessionRefused(
      RefusalCode::CursorMissing,
      "subscription '" + subscription.name +
          "' began with --start now and has been acknowledged, but this SQLite file is new: what it had "
          "cannot be sent again. Point --database at the file it had, or have all tables loaded with: " +
          reset_command(subscription));
}

std::string promoted(const SourceIdentity& from, const SourceIdentity& here) {
  return "the source has been promoted since (timeline " + std::to_string(from.timeline) + " is now " +
         std::to_string(here.timeline) + "): commits that the replica has may be gone there";
}

ResumePoint without_cursor(const Subscription& subscription) {
  const bool loads = subscription.start == Subscription::Start::Load || subscription.load_request.has_value();
  if (subscription.start == Subscription::Start::Earliest) return {std::nullopt, Snapshot(), loads};
  if (!loads && subscription.acknowledged) refuse_empty(subscription);
  return {std::nullopt, subscription.snapshot, loads};
}

ResumePoint in_new_history(const Subscription& subscription, const Cursor& cursor, const SourceState& source,
                           Lineage lineage) {
  ResumePoint point{cursor.snapshot, subscription.snapshot, true, true, 0, subscription.load_reason};
  if (lineage == Lineage::Promoted) point.why_reloaded = promoted(cursor.source, source.identity);
  if (lineage != Lineage::Other) point.read_from = common_part(subscription.snapshot, cursor.snapshot);
  // Whoever resets a cursor that seems to fit knows better, and the acknowledgement may be wrong as well.
  if (lineage == Lineage::Promoted || lineage == Lineage::WentBack) {
    point.shared_events = std::min(subscription.acknowledged_event, source.last_event);
  }
  return point;
}

}  // namespace

ResumePoint resume_point(const Subscription& subscription, const std::optional<Cursor>& cursor,
                         const SourceState& source, bool trust_failover) {
  if (!cursor) return without_cursor(subscription);
  const auto lineage = lineage_of(*cursor, source, trust_failover);
  if (subscription.reset_cursor || lineage == Lineage::Promoted) {
    return in_new_history(subscription, *cursor, source, lineage);
  }
  if (lineage == Lineage::Other) refuse_other(subscription, cursor->source, source.identity);
  if (lineage == Lineage::WentBack) refuse_future(subscription, cursor->snapshot, source.now);
  return {cursor->snapshot,        cursor->snapshot, subscription.load_request.has_value(), false, 0,
          subscription.load_reason};
}

}  // namespace mailboat::producer
