#include "bench/insert_load.hpp"

#include <algorithm>
#include <future>

#include "bench/stopwatch.hpp"
#include "postgres/connection.hpp"

namespace mailboat::bench {
namespace {

constexpr int applications = 4;

std::vector<double> write(const std::string& conninfo, std::uint32_t seconds) {
  postgres::Connection connection(conninfo, "mailboat-bench");
  connection.query(
      "PREPARE put AS INSERT INTO public.entry (name, artist, album, url) VALUES ('Sinnerman', 'Nina Simone',"
      " 'Pastel Blues', 'https://www.last.fm/music/Nina+Simone/_/Sinnerman')");
  std::vector<double> took;
  const Stopwatch all;
  while (all.seconds() < seconds) {
    const Stopwatch one;
    connection.query("EXECUTE put");
    took.push_back(one.seconds() * 1000);
  }
  return took;
}

}  // namespace

std::vector<double> time_inserts(const std::string& conninfo, std::uint32_t seconds) {
  std::vector<std::future<std::vector<double>>> writing;
  for (int application = 0; application < applications; ++application)
    writing.push_back(std::async(std::launch::async, write, std::cref(conninfo), seconds));
  std::vector<double> all;
  for (auto& one : writing) {
    const auto took = one.get();
    all.insert(all.end(), took.begin(), took.end());
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace mailboat::bench
