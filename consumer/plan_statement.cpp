#include "consumer/plan_statement.hpp"

#include "consumer/target_sql.hpp"
#include "consumer/value_binding.hpp"

namespace mailboat::consumer {

PlanStatement::PlanStatement(SQLite::Database& database, const std::string& sql,
                             const std::vector<Column>& source)
    : statement_(database, sql), version_(statement_.getIndex(version_parameter)) {
  const auto add = [this](const std::string& parameter, std::size_t number) {
    const int index = statement_.getIndex(parameter.c_str());
    if (index > 0) parameters_.emplace_back(index, number);
  };
  for (std::size_t i = 0; i < source.size(); ++i) {
    add(numbered_parameter(i), i);
    add(':' + source[i].name, i);
  }
}

void PlanStatement::bind(const std::vector<Value>& values) {
  for (const auto& [index, number] : parameters_) consumer::bind(statement_, index, values[number]);
}

void PlanStatement::bind(const char* parameter, std::int64_t value) {
  const int index = statement_.getIndex(parameter);
  if (index > 0) statement_.bind(index, value);
}

void PlanStatement::bind(const char* parameter, std::string_view value) {
  const int index = statement_.getIndex(parameter);
  if (index > 0) statement_.bind(index, std::string(value));
}

int PlanStatement::exec() {
  const ResetOnExit reset(statement_);
  return statement_.exec();
}

}  // namespace mailboat::consumer
