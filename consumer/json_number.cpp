#include "consumer/json_number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>

#include "common/error.hpp"

namespace mailboat::consumer {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A decimal number in one form only: its digits without zeros at either end, and the power of ten of the
// point before them. 0 has no digits, and the power 0.
struct Decimal {
  bool negative = false;
  std::string digits;
  std::int64_t power = 0;
  friend bool operator==(const Decimal&, const Decimal&) = default;
};

std::string_view take_digits(std::string_view& rest) {
  std::size_t count = 0;
  while (count < rest.size() && is_digit(rest[count])) ++count;
  const auto digits = rest.substr(0, count);
  rest.remove_prefix(count);
  return digits;
}

bool take(std::string_view& rest, char wanted) {
  if (!rest.starts_with(wanted)) return false;
  rest.remove_prefix(1);
  return true;
}

// The part behind 'e'. An exponent that does not fit is far outside of what a double can be.
bool take_exponent(std::string_view& rest, std::int64_t& exponent) {
  if (!take(rest, 'e') && !take(rest, 'E')) return true;
  if (take(rest, '+') && rest.starts_with('-')) return false;
  const auto* begin = rest.data();
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(begin, begin + rest.size(), value);
  rest.remove_prefix(static_cast<std::size_t>(end - begin));
  exponent = error == std::errc::result_out_of_range ? INT32_MAX : value;
  return error != std::errc::invalid_argument;
}

// Source: RFC 8259, section 6. (Leading zeros, which it forbids, do no harm.)
std::optional<Decimal> parse(std::string_view text) {
  Decimal decimal;
  decimal.negative = take(text, '-');
  const auto whole = take_digits(text);
  const bool has_point = take(text, '.');
  const auto fraction = has_point ? take_digits(text) : std::string_view();
  std::int64_t exponent = 0;
  if (whole.empty() || (has_point && fraction.empty()) || !take_exponent(text, exponent) || !text.empty()) {
    return std::nullopt;
  }
  decimal.digits.append(whole).append(fraction);
  const auto first = decimal.digits.find_first_not_of('0');
  if (first == std::string::npos) return Decimal{decimal.negative, "", 0};
  decimal.power = exponent + static_cast<std::int64_t>(whole.size()) - static_cast<std::int64_t>(first);
  decimal.digits.erase(decimal.digits.find_last_not_of('0') + 1);
  decimal.digits.erase(0, first);
  return decimal;
}

constexpr std::ptrdiff_t exact_digits = 15;

}  // namespace

std::string_view without_fraction_zeros(std::string_view json) {
  if (json.find('.') == std::string_view::npos || json.find_first_of("eE") != std::string_view::npos)
    return json;
  const auto last = json.find_last_not_of('0');
  return json.substr(0, json[last] == '.' ? last : last + 1);
}

bool is_short_decimal(std::string_view json) {
  if (json.find_first_of("eE") != std::string_view::npos) return false;
  json.remove_prefix(std::min(json.find_first_of("123456789"), json.size()));
  return std::count_if(json.begin(), json.end(), is_digit) <= exact_digits;
}

std::optional<double> exact_double(std::string_view json) {
  const auto given = parse(json);
  if (!given) throw InvalidInput("not a number: " + std::string(json.substr(0, 80)));
  double value = 0;
  const auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), value);
  if (error != std::errc{} || end != json.data() + json.size()) return std::nullopt;
  std::array<char, 32> shortest{};
  // Scientific: otherwise whole numbers are printed exactly, with more digits than it takes.
  const auto printed =
      std::to_chars(shortest.data(), shortest.data() + shortest.size(), value, std::chars_format::scientific);
  const std::string_view text(shortest.data(), static_cast<std::size_t>(printed.ptr - shortest.data()));
  return parse(text) == given ? std::optional(value) : std::nullopt;
}

}  // namespace mailboat::consumer
