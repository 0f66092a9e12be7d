#include "tests/support/exposition.hpp"

#include <cstdlib>
#include <regex>
#include <sstream>

namespace mailboat::test {
namespace {

// A bucket's bound is no label of the metric.
std::string label_names(const std::string& sample) {
  static const std::regex label("[{,]([a-z_]+)=\"(?:[^\"\\\\]|\\\\.)*\"");
  std::set<std::string> names;
  for (std::sregex_iterator match(sample.begin(), sample.end(), label), end; match != end; ++match) {
    if ((*match)[1] != "le") names.insert((*match)[1]);
  }
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ",") + name;
  return list;
}

}  // namespace

Exposition::Exposition(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      const auto name_end = line.find(' ', 7);
      types_[line.substr(7, name_end - 7)] = line.substr(name_end + 1);
    } else if (!line.empty() && line.front() != '#') {
      const auto value_at = line.rfind(' ');
      values_[line.substr(0, value_at)] = std::strtod(line.c_str() + value_at, nullptr);
      add_metric(line.substr(0, value_at));
    }
  }
}

void Exposition::add_metric(const std::string& sample) {
  auto name = sample.substr(0, sample.find('{'));
  for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
    if (types_.contains(name) || !name.ends_with(suffix)) continue;
    name.resize(name.size() - suffix.size());
  }
  metrics_.insert(name + ' ' + types_[name] + ' ' + label_names(sample));
}

double Exposition::value(const std::string& name_and_labels) const {
  const auto found = values_.find(name_and_labels);
  return found == values_.end() ? 0 : found->second;
}

}  // namespace mailboat::test
