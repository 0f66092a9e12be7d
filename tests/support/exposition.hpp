#pragma once

#include <map>
#include <set>
#include <string>

namespace mailboat::test {

/// A page in Prometheus's text format, as far as the tests want to know it.
class Exposition {
 public:
  explicit Exposition(const std::string& text);

  /// Of the metric with these labels (`name{a="b"}`); nothing is 0.
  [[nodiscard]] double value(const std::string& name_and_labels) const;
  [[nodiscard]] bool has(const std::string& name_and_labels) const {
    return values_.contains(name_and_labels);
  }
  /// `name type label,label` of each metric, labels in the order of the alphabet.
  [[nodiscard]] const std::set<std::string>& metrics() const { return metrics_; }

 private:
  void add_metric(const std::string& sample);

  std::map<std::string, double> values_;
  std::map<std::string, std::string> types_;
  std::set<std::string> metrics_;
};

}  // namespace mailboat::test
