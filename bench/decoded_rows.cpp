#include "bench/decoded_rows.hpp"

#include <algorithm>

#include "bench/read_window.hpp"

namespace mailboat::bench {
namespace {

constexpr std::size_t page_bytes = std::size_t{16} << 20;

/// Keeps the text where it will not move.
std::string_view keep(std::vector<std::string>& pages, std::string_view text) {
  if (pages.empty() || pages.back().size() + text.size() > pages.back().capacity()) {
    pages.emplace_back().reserve(std::max(page_bytes, text.size()));
  }
  auto& page = pages.back();
  const auto at = page.size();
  page += text;
  return {page.data() + at, text.size()};
}

}  // namespace

DecodedRows::DecodedRows(postgres::Connection& connection, const Snapshot& from,
                         const consumer::Relation& relation)
    : columns_(relation.columns.size()) {
  consumer::RowDecoder decoder(relation.columns);
  read_window(connection, from, [&](const postgres::Rows& rows) {
    for (int row = 0; row < rows.size(); ++row) {
      const auto payload = rows.text(row, 4);
      ids_.push_back(rows.int64(row, 0));
      for (const auto& value : decoder.decode(payload, payload.data() + payload.size())) {
        cells_.push_back(value);
        cells_.back().text = keep(texts_, value.text);
      }
    }
  });
}

Description describe(postgres::Connection& connection, const std::string& topic) {
  const auto rows = connection.query(
      "SELECT description FROM outbox.relation WHERE topic = $1 ORDER BY event_id DESC LIMIT 1", {topic});
  std::string payload(rows.text(0, 0));
  auto relation = consumer::parse_relation(topic, payload);
  return {std::move(payload), std::move(relation)};
}

}  // namespace mailboat::bench
