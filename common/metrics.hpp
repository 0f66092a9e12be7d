#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Registry;
template <typename Metric>
class Family;
}  // namespace prometheus

namespace mailboat {

/// A metric without its values: a row of docs/metrics.md.
struct MetricRow {
  enum class Type { Counter, Gauge, Histogram };
  std::string name;
  Type type = Type::Counter;
  std::vector<std::string> labels;
  std::string help;  ///< one sentence without a full stop
};
/// `counter`, `gauge` or `histogram`.
[[nodiscard]] std::string_view type_name(MetricRow::Type type);

/// One for each of the metric's labels, in the same order.
using LabelValues = std::vector<std::string>;

/// Something that only grows. Any thread.
class Counter {
 public:
  explicit Counter(prometheus::Counter& counter) : counter_(&counter) {}
  void add(std::size_t amount = 1) const;

 private:
  prometheus::Counter* counter_;
};

/// Something that goes up and down. Any thread.
class Gauge {
 public:
  explicit Gauge(prometheus::Gauge& gauge) : gauge_(&gauge) {}
  void set(double value) const;

 private:
  prometheus::Gauge* gauge_;
};

/// How long something takes, in seconds: from half a millisecond to five minutes. Any thread.
class Histogram {
 public:
  explicit Histogram(prometheus::Histogram& histogram) : histogram_(&histogram) {}
  void observe(double seconds) const;

 private:
  prometheus::Histogram* histogram_;
};

/// A metric with all its values. `with()` finds the one that has these labels, or begins it, from any thread:
/// whoever counts often keeps what it returns, which lives as long as the MetricSet.
class CounterFamily {
 public:
  explicit CounterFamily(prometheus::Family<prometheus::Counter>& family, std::vector<std::string> labels)
      : family_(&family), labels_(std::move(labels)) {}
  [[nodiscard]] Counter with(const LabelValues& values) const;

 private:
  prometheus::Family<prometheus::Counter>* family_;
  std::vector<std::string> labels_;
};

class HistogramFamily {
 public:
  explicit HistogramFamily(prometheus::Family<prometheus::Histogram>& family, std::vector<std::string> labels)
      : family_(&family), labels_(std::move(labels)) {}
  [[nodiscard]] Histogram with(const LabelValues& values) const;

 private:
  prometheus::Family<prometheus::Histogram>* family_;
  std::vector<std::string> labels_;
};

class GaugeFamily {
 public:
  explicit GaugeFamily(prometheus::Family<prometheus::Gauge>& family, std::vector<std::string> labels)
      : family_(&family), labels_(std::move(labels)) {}
  [[nodiscard]] Gauge with(const LabelValues& values) const;

  using Values = std::map<LabelValues, double>;
  /// These are all there are from now on. One thread, and not together with with().
  void replace(const Values& values);

 private:
  prometheus::Family<prometheus::Gauge>* family_;
  std::vector<std::string> labels_;
  std::map<LabelValues, prometheus::Gauge*> present_;
};

/// What a program tells of itself in numbers. Each metric is declared once, before the threads that use it
/// begin. `mailboat_build_info` is there from the start.
class MetricSet {
 public:
  explicit MetricSet(const std::string& program);
  ~MetricSet();
  MetricSet(const MetricSet&) = delete;
  MetricSet& operator=(const MetricSet&) = delete;

  CounterFamily counter(std::string name, std::vector<std::string> labels, std::string help);
  GaugeFamily gauge(std::string name, std::vector<std::string> labels, std::string help);
  HistogramFamily histogram(std::string name, std::vector<std::string> labels, std::string help);

  /// All of them, in the order of their declaration.
  [[nodiscard]] const std::vector<MetricRow>& rows() const { return rows_; }
  /// All values, in Prometheus's text format. Any thread.
  [[nodiscard]] std::string text() const;

 private:
  const std::unique_ptr<prometheus::Registry> registry_;
  std::vector<MetricRow> rows_;
};

}  // namespace mailboat
