#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mailboat {

/// A PostgreSQL transaction id that never wraps (`xid8`).
using TransactionId = std::uint64_t;

/// A `pg_snapshot` value: which transactions were visible at one moment.
///
/// Text form `xmin:xmax:xip,xip,...`, as PostgreSQL prints it. Source: PostgreSQL manual, 9.26.8 "Transaction
/// ID and Snapshot Information Functions". A value type: copy it, compare it, share it between threads.
class Snapshot {
 public:
  /// Covers nothing: the cursor of a subscription that wants everything still in the log.
  Snapshot() = default;

  /// Throws InvalidSnapshot when the three parts contradict each other.
  Snapshot(TransactionId xmin, TransactionId xmax, std::vector<TransactionId> in_progress);

  /// Throws InvalidSnapshot, with the text in the message, for anything PostgreSQL would not print.
  static Snapshot parse(std::string_view text);

  [[nodiscard]] std::string to_string() const;

  /// True when the effects of that transaction, if it committed at all, are visible in this snapshot.
  [[nodiscard]] bool covers(TransactionId transaction) const;

  [[nodiscard]] TransactionId xmin() const { return xmin_; }
  /// The first transaction id that had not been completed by anybody yet.
  [[nodiscard]] TransactionId xmax() const { return xmax_; }
  /// Ascending; every one of them in [xmin, xmax).
  [[nodiscard]] std::span<const TransactionId> in_progress() const { return in_progress_; }

  friend bool operator==(const Snapshot&, const Snapshot&) = default;

  /// What both cover, and nothing else.
  friend Snapshot common_part(const Snapshot& a, const Snapshot& b);

 private:
  TransactionId xmin_ = 1;
  TransactionId xmax_ = 1;
  std::vector<TransactionId> in_progress_;
};

}  // namespace mailboat
