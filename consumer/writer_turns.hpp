#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <stop_token>

#include "common/error.hpp"

namespace mailboat::consumer {

/// A stop was requested before the turn came.
class NoTurn : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

/// SQLite has one writer at a time. Those within this process take turns here, in the order in which they
/// came, instead of trying again and again at the file, where a busy one could keep the others out for good
/// (Source: SQLite, "PRAGMA busy_timeout", which polls). Any thread; must outlive its turns.
class WriterTurns {
 public:
  /// To be the one who writes, from take() until it is destroyed or given back. Belongs to one thread.
  class Turn {
   public:
    Turn() = default;
    explicit Turn(WriterTurns& turns) : turns_(&turns) {}
    Turn(Turn&& other) noexcept;
    Turn& operator=(Turn&& other) noexcept;
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { give_back(); }

    void give_back();

   private:
    WriterTurns* turns_ = nullptr;
  };

  /// Waits until everybody who came before has given the turn back. A thread that has it already must not
  /// ask again. Throws NoTurn when `stop` is requested meanwhile.
  [[nodiscard]] Turn take(const std::stop_token& stop);
  /// How many wait for the turn that another one has.
  [[nodiscard]] std::size_t waiting() const;

 private:
  void leave();

  mutable std::mutex mutex_;
  std::condition_variable_any moved_on_;
  std::deque<std::uint64_t> queue_;  // the first one has the turn
  std::uint64_t last_ticket_ = 0;
};

}  // namespace mailboat::consumer
