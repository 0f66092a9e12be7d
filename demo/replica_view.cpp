#include "demo/replica_view.hpp"

namespace mailboat::demo {

test::SqliteReader& ReplicaView::reader() {
  if (!reader_) reader_ = std::make_unique<test::SqliteReader>(file_);
  return *reader_;
}

bool ReplicaView::ready() {
  return std::filesystem::exists(file_) && reader().has_table("_mailboat_load_chunk");
}

Snapshot ReplicaView::position() {
  if (!ready()) return {};
  const auto rows = reader().rows("SELECT snapshot FROM _mailboat_cursor");
  return rows.empty() ? Snapshot() : Snapshot::parse(rows.front().front().value_or(""));
}

ReplicaView::Load ReplicaView::load() {
  if (!ready()) return {};
  const auto rows = reader().rows("SELECT rows, finished FROM _mailboat_load");
  if (rows.empty()) return {};
  return {std::stoll(rows.front()[0].value_or("0")), rows.front()[1] != "0"};
}

}  // namespace mailboat::demo
