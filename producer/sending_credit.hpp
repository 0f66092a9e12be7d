#pragma once

#include <atomic>
#include <cstdint>

namespace mailboat::producer {

/// How many sessions of a producer have something under way to their consumers. Any thread.
class Senders {
 public:
  void add() { ++count_; }
  void remove() { --count_; }

  /// How much each of them may have under way, in MiB: what sockets hold for slow consumers is bounded for
  /// all sessions together, and each gets on.
  [[nodiscard]] std::uint32_t share() const;

 private:
  std::atomic<std::uint32_t> count_ = 0;
};

/// What a session may still send: the credit that its consumer gave, and no more under way than its share. In
/// units of credit, as docs/protocol.md counts them. One thread; `senders` must outlive it.
class SendingCredit {
 public:
  SendingCredit(std::uint32_t given, Senders& senders);
  ~SendingCredit();
  SendingCredit(const SendingCredit&) = delete;
  SendingCredit& operator=(const SendingCredit&) = delete;

  /// All there is while nothing is under way.
  [[nodiscard]] std::uint32_t all() const { return all_; }
  /// Once this is false, the consumer is going to give credit back.
  [[nodiscard]] bool covers(std::uint32_t cost) const;
  void spend(std::uint32_t cost) { set_under_way(under_way_ + cost); }
  void give_back(std::uint32_t amount) { set_under_way(amount < under_way_ ? under_way_ - amount : 0); }

 private:
  void set_under_way(std::uint32_t amount);

  const std::uint32_t all_;
  Senders& senders_;
  std::uint32_t under_way_ = 0;
};

}  // namespace mailboat::producer
