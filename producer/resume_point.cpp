#include "producer/resume_point.hpp"

#include <algorithm>

#include "producer/lineage.hpp"

namespace mailboat::producer {
namespace {

std::string reset_command(const Subscription& subscription) {
  return "mailboat load " + subscription.name + " --reset-cursor";
}

[[noreturn]] void refuse_lineage(const Subscription& subscription, Lineage lineage, const Cursor& cursor,
                                 const SourceState& source) {
  const auto words = describe(lineage, cursor, source);
  if (lineage == Lineage::Other) {
    throw SessionRefused(RefusalCode::OtherSource,
                         words +
                             ". Check --producer; if this is the replica's source from now on, have its "
                             "tables loaded in place with: " +
                             reset_command(subscription));
  }
  throw SessionRefused(RefusalCode::SourceWentBack,
                       words + ". If that is meant to be, have the replica's tables loaded in place with: " +
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

ResumePoint without_cursor(const Subscription& subscription) {
  const bool loads = subscription.start == Subscription::Start::Load || subscription.load_request.has_value();
  if (subscription.start == Subscription::Start::Earliest) return {std::nullopt, Snapshot(), loads};
  if (!loads && subscription.acknowledged) refuse_empty(subscription);
  return {std::nullopt, subscription.snapshot, loads};
}

ResumePoint in_new_history(const Subscription& subscription, const Cursor& cursor, const SourceState& source,
                           Lineage lineage) {
  ResumePoint point{cursor.snapshot, subscription.snapshot, true, true, 0, subscription.load_reason};
  if (lineage == Lineage::Promoted) point.why_reloaded = describe(lineage, cursor, source);
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
  if (lineage != Lineage::Same) refuse_lineage(subscription, lineage, *cursor, source);
  return {cursor->snapshot,        cursor->snapshot, subscription.load_request.has_value(), false, 0,
          subscription.load_reason};
}

}  // namespace mailboat::producer
