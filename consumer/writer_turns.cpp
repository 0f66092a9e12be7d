#include "consumer/writer_turns.hpp"

#include <utility>

namespace mailboat::consumer {

WriterTurns::Turn::Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}

WriterTurns::Turn& WriterTurns::Turn::operator=(Turn&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  turns_ = std::exchange(other.turns_, nullptr);
  return *this;
}

void WriterTurns::Turn::give_back() {
  if (turns_ != nullptr) std::exchange(turns_, nullptr)->leave();
}

WriterTurns::Turn WriterTurns::take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto ticket = ++last_ticket_;
  queue_.push_back(ticket);
  if (moved_on_.wait(lock, stop, [&] { return queue_.front() == ticket; })) return Turn(*this);
  std::erase(queue_, ticket);
  throw NoTurn("stopped while another source was writing");
}

void WriterTurns::leave() {
  const std::lock_guard lock(mutex_);
  queue_.pop_front();
  moved_on_.notify_all();
}

std::size_t WriterTurns::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.empty() ? 0 : queue_.size() - 1;
}

}  // namespace mailboat::consumer
