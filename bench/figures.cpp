#include "bench/figures.hpp"

#include <algorithm>

namespace mailboat::bench {

double Figure::median() const {
  auto sorted = samples;
  std::sort(sorted.begin(), sorted.end());
  const auto middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

double Figure::least() const { return *std::min_element(samples.begin(), samples.end()); }

double Figure::most() const { return *std::max_element(samples.begin(), samples.end()); }

void Figures::add(std::string_view part, std::string_view name, std::string_view unit, double sample) {
  const auto known = std::find_if(figures_.begin(), figures_.end(), [&](const Figure& figure) {
    return figure.part == part && figure.name == name;
  });
  if (known != figures_.end()) {
    known->samples.push_back(sample);
  } else {
    figures_.push_back({std::string(part), std::string(name), std::string(unit), {sample}});
  }
}

void Figures::add_ratio(std::string_view part, std::string_view name, Place over, Place under) {
  const auto* const above = find(over);
  const auto* const below = find(under);
  if (above == nullptr || below == nullptr) return;
  const auto numerators = above->samples;  // add() below may move the figures
  const auto denominators = below->samples;
  for (std::size_t i = 0; i < std::min(numerators.size(), denominators.size()); ++i) {
    add(part, name, "", numerators[i] / denominators[i]);
  }
}

const Figure* Figures::find(Place place) const {
  for (const auto& figure : figures_) {
    if (figure.part == place.part && figure.name == place.name) return &figure;
  }
  return nullptr;
}

}  // namespace mailboat::bench
