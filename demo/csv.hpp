#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace mailboat::demo {

/// A CSV file in memory. Fields may be quoted; a quoted field holds commas, line ends and doubled quotes.
/// Source: RFC 4180.
struct Csv {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  ///< each as wide as the header

  /// Throws InvalidInput, with file and what is missing.
  [[nodiscard]] std::size_t column(const std::string& name) const;
};

/// Throws InvalidInput, naming the file and the record, when it cannot be read or a record has another width.
Csv read_csv(const std::filesystem::path& file);

}  // namespace mailboat::demo
