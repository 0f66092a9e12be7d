#include "consumer/target.hpp"

namespace mailboat::consumer {

TargetWriter& Target::writer() {
  if (!writer_) writer_ = std::make_unique<TargetWriter>(*database_, plan_);
  return *writer_;
}

TargetWriter& Target::writer_for(const Relation* written_as) {
  if (written_as == nullptr) return writer();
  auto plan = read_as(plan_, *written_as);
  if (plan == plan_) return writer();
  if (!old_writer_ || old_writer_->plan() != plan) {
    old_writer_ = std::make_unique<TargetWriter>(*database_, std::move(plan));
  }
  return *old_writer_;
}

RowComparison& Target::comparison() {
  if (!comparison_) comparison_ = std::make_unique<RowComparison>(*database_, plan_);
  return *comparison_;
}

HistoryWriter& Target::history() {
  if (!history_) history_ = std::make_unique<HistoryWriter>(*database_, plan_);
  return *history_;
}

bool Target::can_displace() {
  SQLite::Statement columns(*database_, "SELECT count(*) FROM pragma_table_xinfo(?)");
  columns.bind(1, plan_.table);
  columns.executeStep();
  const auto own = plan_.route.empty() ? 1U : 2U;  // _version, _route
  return static_cast<std::size_t>(columns.getColumn(0).getInt()) == plan_.columns.size() + own;
}

void Target::release_statements() {
  writer_.reset();
  old_writer_.reset();
  comparison_.reset();
  history_.reset();
}

}  // namespace mailboat::consumer
