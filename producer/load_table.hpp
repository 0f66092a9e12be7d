#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "postgres/connection.hpp"
#include "producer/row_image.hpp"
#include "producer/subscription.hpp"

namespace mailboat::producer {

/// A tracked table as it is read for loads and verifications. All text is SQL, its names quoted by the
/// server.
struct LoadTable {
  std::string oid;
  std::string name;
  std::string columns;
  std::string row_key;     ///< r.k1, r.k2
  std::string key;         ///< k1, k2
  std::string named_key;   ///< r.k1 AS key_1, r.k2 AS key_2
  std::string key_params;  ///< $1::text::bigint, $2::text::text
  int key_columns = 0;
  std::uint64_t estimated_rows = 0;
  std::string operator_schemas;  ///< other than pg_catalog
  std::string withheld_key;      ///< columns of it that may not be sent

  /// Writes the rows where all columns are plain; otherwise PostgreSQL does.
  std::optional<RowImage> plain_image = {};
  std::vector<std::string> image = {};  ///< of each row `r`: its columns, or its JSON
  std::string image_size = {};          ///< about its bytes, of a row with image_1 and so on

  /// How many bytes, about, the next `rows` rows are. Behind the key in $1, $2, ..., or from the start, as
  /// below.
  [[nodiscard]] std::string size_query(bool from_start, int rows) const;
  /// The next `rows` rows in the order of the key: the columns of the image, those of the key as text.
  [[nodiscard]] std::string rows_query(bool from_start, int rows) const;
  /// The same, but a row comes only when those before it are fewer than `bytes`.
  [[nodiscard]] std::string bounded_query(bool from_start, int rows, std::size_t bytes) const;

 private:
  [[nodiscard]] std::string source(bool from_start, int rows) const;
};

/// Nothing where the table is not tracked, or not taken by the subscription (one without a name takes
/// everything). Throws StatementFailed, ConnectionLost.
std::optional<LoadTable> describe_table(postgres::Connection& connection, const Subscription& subscription,
                                        const std::string& topic);

}  // namespace mailboat::producer
