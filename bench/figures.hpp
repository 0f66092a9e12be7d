#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mailboat::bench {

/// A quantity, with one sample for each time that it was measured.
struct Figure {
  std::string part;  ///< of the bench, with what it was measured on: `drain scrobbles`
  std::string name;
  std::string unit;
  std::vector<double> samples;  ///< in the order in which they were taken

  [[nodiscard]] double median() const;
  [[nodiscard]] double least() const;
  [[nodiscard]] double most() const;
};

/// All figures, in the order in which they were first measured. One thread.
class Figures {
 public:
  void add(std::string_view part, std::string_view name, std::string_view unit, double sample);
  /// `over` by `under`, each figure given as {part, name}: sample by sample, so that what was measured side
  /// by side is compared. Nothing happens when one of them was not measured.
  struct Place {
    std::string_view part;
    std::string_view name;
  };
  void add_ratio(std::string_view part, std::string_view name, Place over, Place under);

  [[nodiscard]] const Figure* find(Place place) const;
  [[nodiscard]] const std::vector<Figure>& all() const { return figures_; }

 private:
  std::vector<Figure> figures_;
};

}  // namespace mailboat::bench
