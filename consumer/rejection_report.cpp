#include "consumer/rejection_report.hpp"

#include <utility>

namespace mailboat::consumer {

RejectionReport::RejectionReport(Replica& replica, FeedClient& client, bool new_history)
    : replica_(replica), client_(client), may_have_more_(!new_history) {
  go_on();
}

void RejectionReport::window_committed(Ack ack) {
  may_have_more_ = may_have_more_ || replica_.summary().rejections > 0;
  held_ack_ = std::move(ack);
  go_on();
}

void RejectionReport::recorded(const std::vector<EventId>& event_ids) {
  replica_.confirm(event_ids);
  is_under_way_ = false;
  go_on();
}

void RejectionReport::go_on() {
  if (is_under_way_) return;
  if (may_have_more_) {
    auto piece = replica_.unconfirmed(last_position_);
    may_have_more_ = is_under_way_ = !piece.rejections.empty();
    if (is_under_way_) {
      last_position_ = piece.last_position;
      client_.send(Rejected{std::move(piece.rejections)});
      return;
    }
  }
  if (held_ack_) client_.send(*std::exchange(held_ack_, std::nullopt));
}

}  // namespace mailboat::consumer
