#include "bench/histogram.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>

namespace mailboat::bench {
namespace {

constexpr int bars_per_decade = 12;
constexpr int decades = 3;
constexpr std::size_t bars = bars_per_decade * decades;
constexpr double least_ms = 0.1;

constexpr int bar_width = 16;
constexpr int width = bar_width * static_cast<int>(bars);
constexpr int bar_height = 90;
constexpr int margin = 20;
constexpr int panel_height = bar_height + 60;

using Counts = std::array<std::size_t, bars>;

Counts count(const std::vector<double>& milliseconds) {
  Counts counts{};
  for (const auto value : milliseconds) {
    const auto bar = std::floor(std::log10(std::max(value, least_ms) / least_ms) * bars_per_decade);
    ++counts[std::min(static_cast<std::size_t>(bar), bars - 1)];
  }
  return counts;
}

std::string in_ms(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f ms", value);
  return text.data();
}

void write_text(std::ostream& svg, int x, int y, const std::string& text) {
  svg << "<text x=\"" << x << "\" y=\"" << y << "\">" << text << "</text>\n";
}

void draw_axis(std::ostream& svg, int y) {
  svg << "<line x1=\"" << margin << "\" x2=\"" << margin + width << "\" y1=\"" << y << "\" y2=\"" << y
      << "\" stroke=\"#888\"/>\n";
  constexpr std::array labels{"0.1 ms", "1 ms", "10 ms", "100 ms"};
  for (int decade = 0; decade <= decades; ++decade) {
    const int x = margin + decade * bars_per_decade * bar_width - (decade == decades ? 40 : 0);
    write_text(svg, x, y + 14, labels[static_cast<std::size_t>(decade)]);
  }
}

void draw_panel(std::ostream& svg, int top, std::uint32_t rate, std::vector<double> milliseconds) {
  std::sort(milliseconds.begin(), milliseconds.end());
  write_text(svg, margin, top + 12,
             std::to_string(rate) + " tx/s: p50 " + in_ms(percentile(milliseconds, 0.5)) + ", p99 " +
                 in_ms(percentile(milliseconds, 0.99)) + ", max " + in_ms(milliseconds.back()) + ", n " +
                 std::to_string(milliseconds.size()));
  const auto counts = count(milliseconds);
  const auto most = *std::max_element(counts.begin(), counts.end());
  const int bottom = top + 20 + bar_height;
  for (std::size_t bar = 0; bar < bars; ++bar) {
    const auto height = static_cast<int>(counts[bar] * static_cast<std::size_t>(bar_height) / most);
    svg << "<rect x=\"" << margin + static_cast<int>(bar) * bar_width << "\" y=\"" << bottom - height
        << "\" width=\"" << bar_width - 2 << "\" height=\"" << height << "\" fill=\"#2a6f97\"/>\n";
  }
  draw_axis(svg, bottom);
}

}  // namespace

void draw_histogram(std::ostream& svg, const Latencies& latencies) {
  svg << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << width + 2 * margin << "\" height=\""
      << static_cast<int>(latencies.size()) * panel_height + margin
      << "\" font-family=\"sans-serif\" font-size=\"12\">\n"
      << "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  int top = margin / 2;
  for (const auto& [rate, milliseconds] : latencies) {
    draw_panel(svg, top, rate, milliseconds);
    top += panel_height;
  }
  svg << "</svg>\n";
}

}  // namespace mailboat::bench
