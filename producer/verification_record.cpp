#include "producer/verification_record.hpp"

#include <vector>

#include "producer/outside_text.hpp"
#include "producer/recording.hpp"

namespace mailboat::producer {
namespace {

constexpr std::size_t text_limit = 2000;

constexpr auto statement = R"sql(
SELECT outbox.record_verification($1, $2::bigint, outbox.requested_topic($2::bigint, $3, $4::pg_snapshot), $4::pg_snapshot, $5::bigint, $6::bigint, $7::bigint, $8::bigint,
  $9::bigint, (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', d.kind, 'key', d.key, 'columns', d.columns::text[],
                                                            'repaired', d.repaired, 'error', nullif(d.error, ''))
                                         ORDER BY d.position), '[]')
               FROM unnest($10::text[], $11::text[], $12::text[], $13::boolean[], $14::text[])
                    WITH ORDINALITY d(kind, key, columns, repaired, error, position)), $15)
)sql";

std::string kind_name(Difference::Kind kind) {
  switch (kind) {
    case Difference::Kind::Missing:
      return "missing";
    case Difference::Kind::Extra:
      return "extra";
    case Difference::Kind::Different:
      break;
  }
  return "different";
}

std::vector<std::string> usable(const std::vector<std::string>& texts) {
  std::vector<std::string> result;
  for (const auto& text : texts) result.push_back(outside_text(text, text_limit));
  return result;
}

}  // namespace

bool record_verification(postgres::Connection& connection, const std::string& subscription,
                         const Verified& verified) {
  std::vector<std::string> kinds;
  std::vector<std::string> keys;
  std::vector<std::string> columns;
  std::vector<std::string> repaired;
  std::vector<std::string> errors;
  for (const auto& difference : verified.differences) {
    kinds.push_back(kind_name(difference.kind));
    keys.push_back(outside_text(difference.key, text_limit));
    columns.push_back(postgres::array_literal(usable(difference.columns)));
    repaired.emplace_back(difference.repaired ? "true" : "false");
    errors.push_back(outside_text(difference.error, text_limit));
  }
  return record_durably(
             connection, statement,
             {subscription, to_bigint(verified.operation), outside_text(verified.topic, text_limit),
              verified.snapshot.to_string(), to_bigint(verified.rows), to_bigint(verified.missing),
              to_bigint(verified.extra), to_bigint(verified.different), to_bigint(verified.repaired),
              postgres::array_literal(kinds), postgres::array_literal(keys), postgres::array_literal(columns),
              postgres::array_literal(repaired), postgres::array_literal(errors),
              outside_text(verified.error, text_limit)})
      .boolean(0, 0);
}

}  // namespace mailboat::producer
