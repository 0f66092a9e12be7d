#include "demo/scrobbles.hpp"

#include <array>
#include <cstdio>
#include <ctime>

#include "demo/csv.hpp"

namespace mailboat::demo {
namespace {

struct Album {
  const char* artist;
  const char* title;
  std::array<const char*, 4> tracks;
};

constexpr std::array albums = {
    Album{
        "Nina Simone", "Pastel Blues", {"Be My Husband", "End of the Line", "Trouble in Mind", "Sinnerman"}},
    Album{
        "Kraftwerk", "Trans Europa Express", {"Europa Endlos", "Spiegelsaal", "Schaufensterpuppen", "Abzug"}},
    Album{"Sigur Rós", "Ágætis byrjun", {"Svefn-g-englar", "Starálfur", "Flugufrelsarinn", "Olsen Olsen"}},
    Album{"Björk", "Homogenic", {"Hunter", "Jóga", "Bachelorette", "All Is Full of Love"}},
    Album{"Miles Davis", "Kind of Blue", {"So What", "Freddie Freeloader", "Blue in Green", "All Blues"}},
    Album{"Кино", "Группа крови", {"Группа крови", "Закрой за мной дверь", "Война", "Спокойная ночь"}},
    Album{"Fela Kuti", "Zombie", {"Zombie", "Mister Follow Follow", "Observation Is No Crime", "Mistake"}},
    Album{"椎名林檎", "無罪モラトリアム", {"正しい街", "歌舞伎町の女王", "丸の内サディスティック", "幸福論"}},
    Album{"Iron Maiden",
          "Powerslave",
          {"Aces High", "2 Minutes to Midnight", "Powerslave", "Flash of the Blade"}},
    Album{"Joni Mitchell", "Blue", {"All I Want", "Carey", "A Case of You", "River"}},
    Album{"Guns N' Roses",
          "Appetite for Destruction",
          {"Mr. Brownstone", "Nightrain", "Think About You", "My Michelle"}},
    Album{"Portishead", "Dummy", {"Mysterons", "Sour Times", "Roads", "Glory Box"}},
};

/// Source: SplitMix64 by Sebastiano Vigna, public domain.
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

std::uint64_t mixed(const std::string& text) {
  std::uint64_t value = text.size();
  for (const char letter : text) value = mixed(value ^ static_cast<unsigned char>(letter));
  return value;
}

/// Listening backwards from one evening, a few minutes a track.
std::string made_date(std::int64_t index) {
  constexpr std::time_t newest = 1'586'754'091;  // 2020-04-13 05:01:31 UTC
  constexpr int seconds_per_track = 225;
  const auto jitter = static_cast<std::time_t>(mixed(static_cast<std::uint64_t>(index)) % 60);
  const std::time_t when = newest - static_cast<std::time_t>(index) * seconds_per_track - jitter;
  std::tm parts{};
  ::gmtime_r(&when, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts)};
}

std::string hex(std::uint64_t value) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value));
  return text.data();
}

std::string made_mbid(std::uint64_t track) {
  if (track % 4 == 0) return "";
  const auto digits = hex(track) + hex(mixed(track));
  return digits.substr(0, 8) + '-' + digits.substr(8, 4) + "-4" + digits.substr(13, 3) + "-a" +
         digits.substr(17, 3) + '-' + digits.substr(20, 12);
}

std::string in_url(std::string text) {
  for (char& letter : text) {
    if (letter == ' ' || letter == '/') letter = '+';
  }
  return text;
}

}  // namespace

Scrobbles::Scrobbles(const std::string& csv_file) {
  if (csv_file.empty()) return;
  const auto csv = read_csv(csv_file);
  const auto date = csv.column("date");
  const auto artist = csv.column("artist");
  const auto track = csv.column("track");
  const auto album = csv.column("album");
  for (const auto& row : csv.rows) export_.push_back({row[date], row[artist], row[track], row[album]});
}

Scrobbles::Listen Scrobbles::listen(std::int64_t index) const {
  const auto position = static_cast<std::size_t>(index);
  if (!export_.empty()) return export_[position % export_.size()];
  const auto choice = mixed(position);
  const auto& album = albums[choice % albums.size()];
  return {made_date(index), album.artist, album.tracks[choice / albums.size() % album.tracks.size()],
          album.title};
}

Scrobble Scrobbles::at(std::int64_t index) const {
  const auto listen = this->listen(index);
  const auto track = mixed(listen.artist + '\n' + listen.track);
  return {.name = listen.track,
          .artist = listen.artist,
          .album = listen.album,
          .image = "https://lastfm.freetls.fastly.net/i/u/300x300/" + hex(mixed(listen.album)) + ".png",
          .mbid = made_mbid(track),
          .url = "https://www.last.fm/music/" + in_url(listen.artist) + "/_/" + in_url(listen.track),
          .date = listen.date + 'Z'};
}

}  // namespace mailboat::demo
