#include "common/snapshot.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

#include "common/error.hpp"

namespace mailboat {
namespace {

std::optional<TransactionId> take_number(std::string_view& text) {
  TransactionId value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

bool take_char(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

Snapshot::Snapshot(TransactionId xmin, TransactionId xmax, std::vector<TransactionId> in_progress)
    : xmin_(xmin), xmax_(xmax), in_progress_(std::move(in_progress)) {
  const bool bounds = xmin_ > 0 && xmin_ <= xmax_;
  const bool ascending = std::adjacent_find(in_progress_.begin(), in_progress_.end(),
                                            std::greater_equal<>{}) == in_progress_.end();
  const bool inside = in_progress_.empty() || (in_progress_.front() >= xmin_ && in_progress_.back() < xmax_);
  if (!bounds || !ascending || !inside) {
    throw InvalidSnapshot("not a snapshot: " + to_string() +
                          " (expected 0 < xmin <= xmax, and xip ascending within [xmin, xmax))");
  }
}

Snapshot Snapshot::parse(std::string_view text) {
  const auto refuse = [text]() -> InvalidSnapshot {
    return InvalidSnapshot("not a snapshot: '" + std::string(text.substr(0, 200)) +
                           "' (expected xmin:xmax:xip,xip,...)");
  };
  auto rest = text;
  const auto xmin = take_number(rest);
  if (!xmin || !take_char(rest, ':')) throw refuse();
  const auto xmax = take_number(rest);
  if (!xmax || !take_char(rest, ':')) throw refuse();
  std::vector<TransactionId> in_progress;
  while (!rest.empty()) {
    if (!in_progress.empty() && !take_char(rest, ',')) throw refuse();
    const auto transaction = take_number(rest);
    if (!transaction) throw refuse();
    in_progress.push_back(*transaction);
  }
  return {*xmin, *xmax, std::move(in_progress)};
}

std::string Snapshot::to_string() const {
  auto text = std::to_string(xmin_) + ':' + std::to_string(xmax_) + ':';
  for (std::size_t i = 0; i < in_progress_.size(); ++i) {
    if (i > 0) text += ',';
    text += std::to_string(in_progress_[i]);
  }
  return text;
}

bool Snapshot::covers(TransactionId transaction) const {
  if (transaction < xmin_) return true;
  if (transaction >= xmax_) return false;
  return !std::binary_search(in_progress_.begin(), in_progress_.end(), transaction);
}

Snapshot common_part(const Snapshot& a, const Snapshot& b) {
  std::vector<TransactionId> in_progress;
  std::set_union(a.in_progress_.begin(), a.in_progress_.end(), b.in_progress_.begin(), b.in_progress_.end(),
                 std::back_inserter(in_progress));
  const auto xmax = std::min(a.xmax_, b.xmax_);
  std::erase_if(in_progress, [xmax](TransactionId transaction) { return transaction >= xmax; });
  return {std::min(a.xmin_, b.xmin_), xmax, std::move(in_progress)};
}

}  // namespace mailboat
