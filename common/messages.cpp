#include "common/messages.hpp"

#include <algorithm>

namespace mailboat {

namespace {

std::uint32_t cost_of(std::size_t bytes, std::uint32_t all) {
  constexpr std::size_t unit = 1 << 20;
  return static_cast<std::uint32_t>(std::min<std::size_t>(bytes / unit + 1, std::max<std::uint32_t>(all, 1)));
}

}  // namespace

std::string_view code_name(RefusalCode code) {
  switch (code) {
    case RefusalCode::ProtocolMismatch:
      return "protocol_mismatch";
    case RefusalCode::UnknownSubscription:
      return "unknown_subscription";
    case RefusalCode::Busy:
      return "busy";
    case RefusalCode::OtherSource:
      return "other_source";
    case RefusalCode::SourceWentBack:
      return "source_went_back";
    case RefusalCode::CursorMissing:
      return "cursor_missing";
    case RefusalCode::SourceUnsuitable:
      return "source_unsuitable";
    case RefusalCode::SourceUnavailable:
      return "source_unavailable";
    case RefusalCode::ShuttingDown:
      return "shutting_down";
    case RefusalCode::SessionUnknown:
      return "session_unknown";
    case RefusalCode::TroubleNoted:
      return "trouble_noted";
    case RefusalCode::NotAllowed:
      return "not_allowed";
  }
  return "unknown";
}

std::string_view result_name(RetryOutcome::Result result) {
  switch (result) {
    case RetryOutcome::Result::Applied:
      return "applied";
    case RetryOutcome::Result::Superseded:
      return "superseded";
    case RetryOutcome::Result::Rejected:
      break;
  }
  return "rejected";
}

std::uint32_t credit_cost(const Frame& frame, std::uint32_t all) {
  return cost_of(frame.events.payloads().bytes() + (frame.chunk ? frame.chunk->rows.bytes() : 0), all);
}

std::uint32_t credit_cost(const Retry& retry, std::uint32_t all) {
  return cost_of(retry.events.payloads().bytes(), all);
}

}  // namespace mailboat
