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
  std::string key_values;  ///< current_setting('mailboat.key_1')::bigint, ...: see begin_after()
  int key_columns = 0;
  std::uint64_t estimated_rows = 0;
  std::string operator_schemas;   ///< other than pg_catalog
  std::string withheld_key;       ///< columns of it that may not be sent
  bool has_large_values = false;  ///< some are stored apart from their rows

  /// Writes the rows where all columns are plain; otherwise PostgreSQL does.
  std::optional<RowImage> plain_image = {};
  std::vector<std::string> image = {};       ///< of each row `r`: its columns, or its JSON
  std::string image_size = {};               ///< about its bytes, of a row with image_1 and so on
  std::vector<std::size_t> key_fields = {};  ///< where the key stands in a row as it is read

  /// How many bytes, about, the next `rows` rows are: those behind the key that begin_after() has named, or
  /// from the start, as below.
  [[nodiscard]] std::string size_query(bool from_start, int rows) const;
  /// The next `rows` rows in the order of the key: the columns of the image, and behind JSON those
  /// of the key.
  [[nodiscard]] std::string rows_query(bool from_start, int rows) const;
  /// The same, but a row comes only when those before it are fewer than `bytes`.
  [[nodiscard]] std::string bounded_query(bool from_start, int rows, std::size_t bytes) const;

 private:
  [[nodiscard]] std::string select(const std::string& values, bool from_start, int rows) const;
  [[nodiscard]] std::string source(bool from_start, int rows) const;
};

/// Until the transaction's end, what is read begins behind the row with this key. COPY takes no parameters,
/// so the values are settings. Throws StatementFailed, ConnectionLost.
void begin_after(postgres::Connection& connection, const std::vector<std::string>& key);

/// Nothing where the table is not tracked, or not taken by the subscription (one without a name takes
/// everything). Throws StatementFailed, ConnectionLost.
std::optional<LoadTable> describe_table(postgres::Connection& connection, const Subscription& subscription,
                                        const std::string& topic);

}  // namespace mailboat::producer
