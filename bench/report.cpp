#include "bench/report.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sqlite3.h>
#include <sys/utsname.h>
#include <thread>

#include "common/characters.hpp"
#include "common/version.hpp"

namespace mailboat::bench {
namespace {

std::string value_of(const char* file, const std::string& name) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with(name)) continue;
    const auto at = line.find_first_not_of(" \t", line.find(':') + 1);
    return at == std::string::npos ? "" : line.substr(at);
  }
  return "unknown";
}

std::string fixed(double value, int digits) {
  std::array<char, 64> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, digits).ptr;
  return {text.data(), end};
}

/// Four digits tell as much as such a figure can: `312,345`, `98.7`, `0.652`.
std::string readable(double value) {
  const auto size = std::fabs(value);
  auto text = fixed(value, size >= 1000 ? 0 : size >= 10 ? 1 : size >= 0.1 || value == 0 ? 3 : 4);
  if (size < 1000) return text;
  for (auto at = text.size() - 3; at > (value < 0 ? 1U : 0U) && at < text.size(); at -= 3)
    text.insert(at, ",");
  return text;
}

}  // namespace

Machine this_machine(const std::string& postgres) {
  utsname system{};
  ::uname(&system);
  return {{"processors", std::to_string(std::thread::hardware_concurrency()) + " x " +
                             value_of("/proc/cpuinfo", "model name")},
          {"memory", value_of("/proc/meminfo", "MemTotal")},
          {"kernel", std::string(system.sysname) + " " + system.release},
          {"PostgreSQL", postgres},
          {"SQLite", ::sqlite3_libversion()},
          {"mailboat", std::string(version())}};
}

void print_table(std::ostream& out, const Machine& machine, const Figures& figures) {
  for (const auto& [name, value] : machine) out << "- " << name << ": " << value << '\n';
  out << "\n| part | figure | unit | median | min to max | n |\n| --- | --- | --- | ---: | ---: | ---: |\n";
  for (const auto& figure : figures.all()) {
    out << "| " << figure.part << " | " << figure.name << " | " << figure.unit << " | "
        << readable(figure.median()) << " | " << readable(figure.least()) << " to " << readable(figure.most())
        << " | " << figure.samples.size() << " |\n";
  }
}

void write_json(std::ostream& out, const Machine& machine, const Figures& figures) {
  out << "{\n  \"machine\": {";
  const char* separator = "";
  for (const auto& [name, value] : machine) {
    out << separator << "\n    " << json_string(name) << ": " << json_string(value);
    separator = ",";
  }
  out << "\n  },\n  \"figures\": [";
  separator = "";
  for (const auto& figure : figures.all()) {
    out << separator << "\n    {\"part\": " << json_string(figure.part)
        << ", \"name\": " << json_string(figure.name) << ", \"unit\": " << json_string(figure.unit)
        << ", \"n\": " << figure.samples.size() << ", \"median\": " << fixed(figure.median(), 6)
        << ", \"min\": " << fixed(figure.least(), 6) << ", \"max\": " << fixed(figure.most(), 6)
        << ", \"samples\": [";
    for (std::size_t i = 0; i < figure.samples.size(); ++i) {
      out << (i == 0 ? "" : ", ") << fixed(figure.samples[i], 6);
    }
    out << "]}";
    separator = ",";
  }
  out << "\n  ]\n}\n";
}

}  // namespace mailboat::bench
