#include "producer/chunk_feed.hpp"

#include <algorithm>

#include "common/log.hpp"

namespace mailboat::producer {
namespace {

// How long to leave a table alone that could not be read.
constexpr std::chrono::seconds retry_interval{1};

}  // namespace

ChunkFeed::ChunkFeed(postgres::Connection& connection, const Subscription& subscription, const Hello& hello,
                     OperationDesk& operations, std::size_t piece_bytes)
    : subscription_(subscription.name),
      operations_(operations),
      piece_bytes_(piece_bytes),
      reader_(connection, subscription) {
  for (const auto& position : hello.unfinished_loads) {
    if (!position.paused) loads_.push_back({position});
  }
}

void ChunkFeed::begin_loads(const std::vector<std::string>& topics) {
  for (const auto& topic : topics) {
    std::erase_if(loads_, [&topic](const Load& load) { return load.position.topic == topic; });
    loads_.push_back({{topic, {}, 0}});
    operations_.restart_verification(topic);
  }
}

void ChunkFeed::follow(const TableChange& change, std::uint64_t window) {
  if (change.dropped) {
    std::erase_if(loads_, [&](const Load& load) {
      if (load.position.topic != change.topic) return false;
      operations_.load_ended(load.position, window, true);
      return true;
    });
  }
  if (change.renamed_from.empty()) return;
  for (auto& load : loads_) {
    if (load.position.topic == change.renamed_from) load.position.topic = change.topic;
  }
}

bool ChunkFeed::is_loading(const std::string& topic) const {
  return std::any_of(loads_.begin(), loads_.end(),
                     [&topic](const Load& load) { return load.position.topic == topic; });
}

std::vector<ChunkFeed::Load>::iterator ChunkFeed::next_load() {
  const auto now = Clock::now();
  return std::find_if(loads_.begin(), loads_.end(), [now](const Load& load) { return load.retry_at <= now; });
}

// Only what is loaded can be compared.
OperationDesk::Verification* ChunkFeed::next_verification() {
  auto* verification = operations_.verification();
  if (verification == nullptr || verification->is_sent || Clock::now() < verify_at_) return nullptr;
  return is_loading(verification->position.topic) ? nullptr : verification;
}

bool ChunkFeed::is_due() { return next_load() != loads_.end() || next_verification() != nullptr; }

std::optional<LoadReader::Chunk> ChunkFeed::read(std::uint64_t window) {
  if (const auto load = next_load(); load != loads_.end()) return read_load(*load, window);
  if (auto* verification = next_verification()) return read_verification(*verification);
  return std::nullopt;
}

std::optional<LoadReader::Chunk> ChunkFeed::read(const LoadPosition& position, Clock::time_point& retry_at) {
  auto chunk = reader_.read(position, piece_bytes_);
  if (chunk) return chunk;
  const auto& reason = reader_.why_not();
  trouble_.say(log::Level::Warning, position.topic + ' ' + without_digits(reason),
               "cannot read a table now, trying again every second",
               {{"subscription", subscription_}, {"topic", position.topic}, {"reason", reason}});
  retry_at = Clock::now() + retry_interval;
  return std::nullopt;
}

std::optional<LoadReader::Chunk> ChunkFeed::read_load(Load& load, std::uint64_t window) {
  auto chunk = read(load.position, load.retry_at);
  if (!chunk) return chunk;
  const auto& last = chunk->pieces.back();
  load.estimated_rows = last.estimated_rows;
  loaded_rows_ += chunk->next.rows - load.position.rows;
  load.position = chunk->next;
  operations_.load_sent(load.position, load.estimated_rows);
  if (!chunk->ends_load) return chunk;
  log::info(last.gives_up ? "table is no longer tracked or taken, its load ends here" : "table loaded",
            {{"subscription", subscription_}, {"topic", load.position.topic}, {"rows", load.position.rows}});
  operations_.load_ended(load.position, window, last.gives_up);
  std::erase_if(loads_, [&chunk](const Load& other) { return other.position.topic == chunk->next.topic; });
  return chunk;
}

std::optional<LoadReader::Chunk> ChunkFeed::read_verification(OperationDesk::Verification& verification) {
  auto chunk = read(verification.position, verify_at_);
  if (!chunk) return chunk;
  for (auto& piece : chunk->pieces) {
    piece.purpose = verification.repairs ? LoadChunk::Purpose::Repair : LoadChunk::Purpose::Verify;
    piece.operation = verification.operation;
  }
  chunk->pieces.front().begins = !verification.has_begun;
  verification.has_begun = true;
  verification.position = chunk->next;
  verification.estimated_rows = chunk->pieces.back().estimated_rows;
  verification.is_sent = chunk->ends_load;
  return chunk;
}

std::optional<LoadProgress> ChunkFeed::progress() const {
  if (loads_.empty()) return std::nullopt;
  const auto& now = loads_.front();
  std::vector<std::string> later;
  for (auto load = loads_.begin() + 1; load != loads_.end(); ++load) later.push_back(load->position.topic);
  return LoadProgress{now.position, now.estimated_rows, std::move(later), loaded_rows_};
}

}  // namespace mailboat::producer
