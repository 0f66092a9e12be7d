#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mailboat::demo {

/// One row of music_scrobble_records, without its id. All texts as PostgreSQL reads them.
struct Scrobble {
  std::string name;
  std::string artist;
  std::string album;
  std::string image;
  std::string mbid;  ///< empty: unknown, as for many tracks on Last.fm
  std::string url;
  std::string date;  ///< in UTC
};

/// An endless list of scrobbles, the same in every run. Any thread.
class Scrobbles {
 public:
  /// From a Last.fm export, again from its beginning at its end; or made here when `csv_file` is empty.
  /// Throws InvalidInput for a file that is not such an export.
  explicit Scrobbles(const std::string& csv_file);
  [[nodiscard]] Scrobble at(std::int64_t index) const;

 private:
  struct Listen {
    std::string date;
    std::string artist;
    std::string track;
    std::string album;
  };
  [[nodiscard]] Listen listen(std::int64_t index) const;
  std::vector<Listen> export_;
};

}  // namespace mailboat::demo
