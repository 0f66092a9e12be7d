#include "demo/csv.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>

#include "common/error.hpp"

namespace mailboat::demo {
namespace {

class Reader {
 public:
  explicit Reader(std::string text) : text_(std::move(text)) {}

  /// nullopt at the end of the text.
  std::optional<std::vector<std::string>> record() {
    if (at_ >= text_.size()) return std::nullopt;
    std::vector<std::string> fields{field()};
    while (take(',')) fields.push_back(field());
    take('\r');
    take('\n');
    return fields;
  }

 private:
  bool take(char expected) {
    if (at_ >= text_.size() || text_[at_] != expected) return false;
    ++at_;
    return true;
  }

  std::string field() { return take('"') ? quoted() : plain(); }

  std::string plain() {
    const auto end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    auto value = text_.substr(at_, end - at_);
    at_ = end;
    return value;
  }

  std::string quoted() {
    std::string value;
    while (at_ < text_.size()) {
      const auto quote = std::min(text_.find('"', at_), text_.size());
      value.append(text_, at_, quote - at_);
      at_ = quote + 1;
      if (!take('"')) break;
      value += '"';
    }
    return value;
  }

  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace

std::size_t Csv::column(const std::string& name) const {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) {
    throw InvalidInput("the scrobbles file has no column '" + name +
                       "'; it needs date, artist, track and album");
  }
  return static_cast<std::size_t>(found - header.begin());
}

Csv read_csv(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw InvalidInput("cannot read " + file.string() + ": does it exist, and may you read it?");
  Reader reader({std::istreambuf_iterator<char>(stream), {}});
  Csv csv;
  if (auto header = reader.record()) csv.header = std::move(*header);
  while (auto record = reader.record()) {
    if (record->size() == 1 && record->front().empty()) continue;  // an empty line
    if (record->size() != csv.header.size()) {
      throw InvalidInput(file.string() + ": record " + std::to_string(csv.rows.size() + 1) + " has " +
                         std::to_string(record->size()) + " fields, the header has " +
                         std::to_string(csv.header.size()));
    }
    csv.rows.push_back(std::move(*record));
  }
  if (csv.rows.empty()) throw InvalidInput(file.string() + " holds no records");
  return csv;
}

}  // namespace mailboat::demo
