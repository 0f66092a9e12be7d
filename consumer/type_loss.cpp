#include "consumer/type_loss.hpp"

#include <algorithm>
#include <array>

#include "consumer/column_form.hpp"

namespace mailboat::consumer {
namespace {

enum class Place { Column, WithinJson };

constexpr std::string_view json_null = "JSON null (becomes NULL)";
constexpr std::string_view json_blanks = "blanks around JSON";
constexpr std::string_view trailing_zeros = "zeros at the end (12.50 is 12.5)";
constexpr std::string_view sign_of_zero = "the sign of -0";
constexpr std::string_view array_bounds = "array bounds other than 1";
constexpr std::string_view currency = "the currency (lc_monetary of the database)";
constexpr std::string_view reference = "which object is meant once it is renamed";

constexpr std::array<std::string_view, 11> references{
    "regclass",    "regcollation", "regconfig",    "regdictionary", "regnamespace", "regoper",
    "regoperator", "regproc",      "regprocedure", "regrole",       "regtype"};

// In JSON text a numeric keeps all its digits.
bool loses_zeros(std::string_view type) {
  const auto comma = type.find(',');
  if (form_of(type) != Form::Numeric || comma == std::string_view::npos) return false;
  return type[comma + 1] != '0' && type[comma + 1] != '-';
}

// Calls `use` with each piece of `list` between commas that stand neither in quotes nor in brackets.
template <typename Use>
void for_each_member(std::string_view list, const Use& use) {
  bool is_quoted = false;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= list.size(); ++i) {
    const char c = i < list.size() ? list[i] : ',';
    if (c == '"') is_quoted = !is_quoted;
    if (is_quoted) continue;
    if (c == '(' || c == '{') ++depth;
    if (c == ')' || c == '}') --depth;
    if (c != ',' || (depth > 0 && i < list.size())) continue;
    use(list.substr(begin, i - begin));
    begin = i + 1;
  }
}

// Behind the first `mark` that does not stand in quotes; empty when there is none.
std::string_view behind(char mark, std::string_view text) {
  bool is_quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') is_quoted = !is_quoted;
    if (text[i] == mark && !is_quoted) return text.substr(i + 1);
  }
  return {};
}

// Of composite types within each other: whoever writes a description must not decide how much stack it takes.
constexpr int deepest = 100;

class Losses {
 public:
  void add(std::string_view type, Place place) {
    if (type.ends_with("[]")) {
      note(array_bounds);
      while (type.ends_with("[]")) type.remove_suffix(2);
      place = Place::WithinJson;
    }
    if (type.ends_with('}')) return add_members(behind('{', type.substr(0, type.size() - 1)));
    if (type == "json" || type == "jsonb") note(json_null);
    if (type == "json" && place == Place::Column) note(json_blanks);
    if (type == "money") note(currency);
    if (place == Place::Column && form_of(type) == Form::Real) note(sign_of_zero);
    if (place == Place::Column && loses_zeros(type)) note(trailing_zeros);
    if (std::find(references.begin(), references.end(), type) != references.end()) note(reference);
  }

  [[nodiscard]] std::vector<std::string_view> found() && { return std::move(found_); }

 private:
  // `x integer, "y z" numeric(10,2)`
  void add_members(std::string_view members) {
    if (depth_ == deepest) return;
    ++depth_;
    for_each_member(members, [this](std::string_view member) {
      while (member.starts_with(' ')) member.remove_prefix(1);
      add(behind(' ', member), Place::WithinJson);
    });
    --depth_;
  }

  void note(std::string_view loss) {
    if (std::find(found_.begin(), found_.end(), loss) == found_.end()) found_.push_back(loss);
  }

  std::vector<std::string_view> found_;
  int depth_ = 0;
};

}  // namespace

std::vector<std::string_view> losses_of(std::string_view type) {
  Losses losses;
  losses.add(type, Place::Column);
  return std::move(losses).found();
}

std::string describe_losses(std::span<const Column> columns) {
  std::vector<std::pair<std::string_view, std::string>> columns_by_loss;
  for (const auto& column : columns) {
    for (const auto loss : losses_of(column.type)) {
      const auto same = [loss](const auto& entry) { return entry.first == loss; };
      const auto known = std::find_if(columns_by_loss.begin(), columns_by_loss.end(), same);
      if (known == columns_by_loss.end()) {
        columns_by_loss.emplace_back(loss, column.name);
      } else {
        known->second += ", " + column.name;
      }
    }
  }
  std::string text;
  for (const auto& [loss, names] : columns_by_loss) {
    if (!text.empty()) text += "; ";
    text.append(names).append(": ").append(loss);
  }
  return text;
}

}  // namespace mailboat::consumer
