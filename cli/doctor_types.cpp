#include "cli/doctor.hpp"
#include "common/error.hpp"
#include "consumer/relation.hpp"
#include "consumer/type_loss.hpp"

namespace mailboat::cli {
namespace {

constexpr auto description_query = R"sql(
SELECT t.topic, outbox.describe(t.relation, t.key, t.exclude)
FROM outbox.tracked t JOIN pg_class c ON c.oid = t.relation ORDER BY t.topic
)sql";

// A table whose key is gone has no description that can be read: check_capture() tells of it.
std::string losses_of_table(const std::string& topic, std::string_view description) {
  try {
    return consumer::describe_losses(consumer::parse_relation(topic, description).columns);
  } catch (const InvalidInput&) {
    return {};
  }
}

}  // namespace

Findings check_types(postgres::Connection& connection) {
  Findings findings;
  const auto rows = connection.query(description_query);
  for (int row = 0; row < rows.size(); ++row) {
    const std::string topic(rows.text(row, 0));
    const auto losses = losses_of_table(topic, rows.text(row, 1));
    if (losses.empty()) continue;
    findings.push_back({Severity::Note, "types", topic + ": not kept by replicas: " + losses, {}});
  }
  return findings;
}

}  // namespace mailboat::cli
