#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "consumer/feed_client.hpp"
#include "consumer/replica.hpp"

namespace mailboat::consumer {

/// Tells the producer of one session what the replica has rejected, and that windows are committed. Begins
/// with what no session before has had confirmed.
///
/// Rejections go piece by piece, each when PostgreSQL has recorded the one before, so that the producer need
/// not keep them all. Nobody must believe that a window is done while its rejections are known here only: its
/// acknowledgement is held back until they are recorded. Both references must outlive this.
class RejectionReport {
 public:
  /// `new_history`: the source would not know the events of what is there. It is gone with the first window.
  RejectionReport(Replica& replica, FeedClient& client, bool new_history);

  /// The replica has committed a window, and said so in its summary().
  void window_committed(Ack ack);
  /// PostgreSQL has committed these rejections: forgets them here.
  void recorded(const std::vector<EventId>& event_ids);

 private:
  void go_on();

  Replica& replica_;
  FeedClient& client_;
  std::int64_t last_position_ = 0;  // see Rejections::read()
  bool may_have_more_;
  bool is_under_way_ = false;
  std::optional<Ack> held_ack_;  // the latest
};

}  // namespace mailboat::consumer
