#include "common/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "common/version.hpp"

namespace mailboat {
namespace {

prometheus::Labels named(const std::vector<std::string>& labels, const LabelValues& values) {
  prometheus::Labels result;
  for (std::size_t i = 0; i < labels.size(); ++i) result[labels[i]] = values.at(i);
  return result;
}

const prometheus::Histogram::BucketBoundaries& seconds_buckets() {
  static const prometheus::Histogram::BucketBoundaries buckets{
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};
  return buckets;
}

}  // namespace

std::string_view type_name(MetricRow::Type type) {
  switch (type) {
    case MetricRow::Type::Counter:
      return "counter";
    case MetricRow::Type::Gauge:
      return "gauge";
    case MetricRow::Type::Histogram:
      break;
  }
  return "histogram";
}

void Counter::add(std::size_t amount) const { counter_->Increment(static_cast<double>(amount)); }
void Gauge::set(double value) const { gauge_->Set(value); }
void Histogram::observe(double seconds) const { histogram_->Observe(seconds); }

Counter CounterFamily::with(const LabelValues& values) const {
  return Counter(family_->Add(named(labels_, values)));
}

Histogram HistogramFamily::with(const LabelValues& values) const {
  return Histogram(family_->Add(named(labels_, values), seconds_buckets()));
}

Gauge GaugeFamily::with(const LabelValues& values) const {
  return Gauge(family_->Add(named(labels_, values)));
}

void GaugeFamily::replace(const Values& values) {
  std::erase_if(present_, [&](const auto& gauge) {
    if (values.contains(gauge.first)) return false;
    family_->Remove(gauge.second);
    return true;
  });
  for (const auto& [labels, value] : values) {
    auto& gauge = present_[labels];
    if (gauge == nullptr) gauge = &family_->Add(named(labels_, labels));
    gauge->Set(value);
  }
}

MetricSet::MetricSet(const std::string& program) : registry_(std::make_unique<prometheus::Registry>()) {
  gauge("mailboat_build_info", {"program", "version"}, "1, with the program's name and release")
      .with({program, std::string(version())})
      .set(1);
}

MetricSet::~MetricSet() = default;

CounterFamily MetricSet::counter(std::string name, std::vector<std::string> labels, std::string help) {
  auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(*registry_);
  rows_.push_back({std::move(name), MetricRow::Type::Counter, labels, std::move(help)});
  return CounterFamily(family, std::move(labels));
}

GaugeFamily MetricSet::gauge(std::string name, std::vector<std::string> labels, std::string help) {
  auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(*registry_);
  rows_.push_back({std::move(name), MetricRow::Type::Gauge, labels, std::move(help)});
  return GaugeFamily(family, std::move(labels));
}

HistogramFamily MetricSet::histogram(std::string name, std::vector<std::string> labels, std::string help) {
  auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(*registry_);
  rows_.push_back({std::move(name), MetricRow::Type::Histogram, labels, std::move(help)});
  return HistogramFamily(family, std::move(labels));
}

std::string MetricSet::text() const { return prometheus::TextSerializer().Serialize(registry_->Collect()); }

}  // namespace mailboat
