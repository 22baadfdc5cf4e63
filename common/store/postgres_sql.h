// How our SQL and its values look to PostgreSQL: the types of a schema, and values in libpq's
// binary form, in which bytes are bytes and nothing is quoted. Used by postgres.cpp; pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/store/sql_value.h"

namespace set {

/// The script of a Migration with PostgreSQL's types: INTEGER is BIGINT, BLOB is BYTEA, TEXT
/// compares byte by byte as SQLite's does, and STRICT goes. Comments and quoted text stay.
std::string respell_for_postgres(std::string_view sql);

/// Parameters as PQsendQueryPrepared wants them; points into the values that it was made from.
class PostgresParameters {
 public:
  explicit PostgresParameters(const SqlParameters& parameters);

  int count() const { return static_cast<int>(types_.size()); }
  const std::uint32_t* types() const { return types_.data(); }
  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }
  /// "itb?": a statement is prepared for each combination of types. NULL has none.
  const std::string& signature() const { return signature_; }

 private:
  std::vector<std::array<char, 8>> integers_;  // big-endian
  std::vector<std::uint32_t> types_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::string signature_;
};

/// A column that is not NULL, of a type with this OID, in binary form. None: an integer that does
/// not fit 64 bits (sums are of any size here). A type that has no place in our schemas is a bug
/// and stops the process.
std::optional<SqlValue> postgres_value(std::uint32_t type, ByteView binary);

}  // namespace set
