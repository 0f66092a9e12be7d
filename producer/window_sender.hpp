#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "common/messages.hpp"
#include "postgres/connection.hpp"
#include "producer/chunk_feed.hpp"
#include "producer/inbox.hpp"
#include "producer/load_request.hpp"
#include "producer/operation_desk.hpp"
#include "producer/progress_writer.hpp"
#include "producer/replay_desk.hpp"
#include "producer/resume_point.hpp"
#include "producer/sending_credit.hpp"
#include "producer/session_ended.hpp"
#include "producer/subscription.hpp"
#include "producer/table_change.hpp"
#include "producer/task_desk.hpp"
#include "producer/window_reader.hpp"

namespace mailboat::producer {

/// Carries one subscription to one consumer, window by window, and retries and replays between the windows.
/// step() is the page to read first.
///
/// Belongs to the session's thread. `connection`, `inbox`, `senders` must outlive it. Throws SessionEnded,
/// ConnectionLost.
class WindowSender {
 public:
  struct Settings {
    std::chrono::milliseconds snapshot_hold_max{};
    /// Frames are cut at about this size.
    std::size_t frame_bytes = 1 << 20;
  };
  struct Ports {
    std::function<void(const FromProducer&)> send;
    std::function<void()> found_events;  ///< told when a poll has found something: more is likely soon
  };

  WindowSender(postgres::Connection& connection, Inbox& inbox, const Subscription& subscription,
               const ResumePoint& resume, const Hello& hello, Settings settings, Senders& senders,
               Ports ports);

  /// One bounded piece of work: takes in what the consumer said, sends the next window if there is one,
  /// records rejections, writes progress back when due, sends a due retry or events to be replayed, and waits
  /// for a wake-up if there was nothing to send.
  void step(const std::stop_token& stop);

  /// At the end of a session: gives acknowledgements under way a moment to arrive, records what the consumer
  /// has reported, and writes the rest back.
  void wind_up();

 private:
  using Clock = std::chrono::steady_clock;
  enum class Due { Nothing, Window, PolledWindow };  ///< PolledWindow: WindowReader::Poll::is_window
  void do_chores();
  bool send_again(const std::stop_token& stop);
  std::optional<Retry> next_to_send_again();
  Due next_window();
  void open_window();
  void send_window(Due due, const std::stop_token& stop);
  void send_chunk(Frame& frame, const std::stop_token& stop);
  std::vector<std::string> describe_tables(Frame& frame, std::vector<TableChange>& changes);
  void begin_loads(Frame& frame, const std::vector<TableChange>& changes);
  void begin_loads(Frame& frame, const std::vector<std::string>& topics);
  void emit(Frame& frame, const std::stop_token& stop);
  void wait_for_credit(std::uint32_t cost, const std::stop_token& stop);
  void take_in();
  void rest(const std::stop_token& stop);

  postgres::Connection& connection_;
  Inbox& inbox_;
  const Subscription& subscription_;
  const ResumePoint resume_;
  const Settings settings_;
  const Ports ports_;

  WindowReader reader_;
  LoadRequest load_request_;
  ProgressWriter progress_;
  TaskDesk tasks_;
  OperationDesk operations_;
  ChunkFeed chunks_;
  ReplayDesk replays_;

  std::optional<Snapshot> sent_;  // `to` of the last window sent
  std::uint64_t window_ = 0;
  std::uint64_t acknowledged_window_ = 0;
  SendingCredit credit_;
  bool consumer_gone_ = false;
  bool is_replay_turn_ = false;
  Clock::time_point window_sent_at_{};
  Clock::time_point poll_at_{};  // unless a wake-up comes before
};

}  // namespace mailboat::producer
