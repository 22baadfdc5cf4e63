// How our schemas and PostgreSQL's numbers are read, without a server.
#include <catch2/catch_test_macros.hpp>

#include "common/store/postgres_error.h"
#include "common/store/postgres_sql.h"

namespace set {
namespace {

constexpr std::uint32_t kNumeric = 1700;

// digits, weight, sign, scale, digits to the base 10000
std::optional<SqlValue> numeric(std::vector<int> fields) {
  Bytes binary;
  for (const int field : fields) {
    binary.push_back(static_cast<std::uint8_t>(field >> 8));
    binary.push_back(static_cast<std::uint8_t>(field));
  }
  return postgres_value(kNumeric, binary);
}

std::int64_t whole(std::vector<int> fields) {
  const auto value = numeric(std::move(fields));
  REQUIRE(value.has_value());
  return std::get<std::int64_t>(value->variant());
}

}  // namespace

TEST_CASE("a schema gets PostgreSQL's types, its comments and texts stay") {
  CHECK(respell_for_postgres("CREATE TABLE t (a INTEGER, b BLOB) STRICT;") ==
        "CREATE TABLE t (a BIGINT, b BYTEA) ;");
  CHECK(respell_for_postgres("b TEXT NOT NULL") == "b TEXT COLLATE \"C\" NOT NULL");
  CHECK(respell_for_postgres(
            "-- an INTEGER's BLOB\nCHECK (a = 'TEXT' OR \"STRICT\" = 'it''s INTEGER')") ==
        "-- an INTEGER's BLOB\nCHECK (a = 'TEXT' OR \"STRICT\" = 'it''s INTEGER')");
  CHECK(respell_for_postgres("POINTER INTEGERS MY_BLOB TEXT2") == "POINTER INTEGERS MY_BLOB TEXT2");
  CHECK(respell_for_postgres("-- to the end") == "-- to the end");
  CHECK(respell_for_postgres("'open") == "'open");
}

TEST_CASE("a numeric is read as the whole number that it is") {
  CHECK(whole({0, 0, 0, 0}) == 0);
  CHECK(whole({1, 0, 0, 0, 7}) == 7);
  CHECK(whole({1, 1, 0, 0, 3}) == 30'000);
  CHECK(whole({2, 1, 0x4000, 0, 1, 2}) == -10'002);
  CHECK(whole({5, 4, 0, 0, 922, 3372, 368, 5477, 5807}) ==
        std::numeric_limits<std::int64_t>::max());
  CHECK(whole({5, 4, 0x4000, 0, 922, 3372, 368, 5477, 5808}) ==
        std::numeric_limits<std::int64_t>::min());
  CHECK(!numeric({5, 4, 0, 0, 922, 3372, 368, 5477, 5808}).has_value());
  CHECK(!numeric({1, 200, 0, 0, 1}).has_value());
}

TEST_CASE("what PostgreSQL refuses has our code") {
  const std::vector<std::pair<const char*, ErrorCode>> codes = {
      {"23505", ErrorCode::conflict},             // unique
      {"23514", ErrorCode::conflict},             // check
      {"22021", ErrorCode::conflict},             // not UTF-8
      {"40001", ErrorCode::storage_unavailable},  // lost a race
      {"55P03", ErrorCode::storage_unavailable},  // lock timeout
      {"57014", ErrorCode::storage_unavailable},  // statement timeout
      {"57P01", ErrorCode::storage_unavailable},  // shut down
      {"53100", ErrorCode::storage_unavailable},  // disk full
      {"25006", ErrorCode::storage_unavailable},  // standby
      {"XX001", ErrorCode::storage_unavailable},  // damaged
      {"42501", ErrorCode::bad_config},           // privileges
      {"42601", ErrorCode::internal},             // syntax
      {"22P02", ErrorCode::internal}};
  for (const auto& [state, code] : codes) {
    CAPTURE(state);
    CHECK(statement_error(state, "the server's sentence").code == code);
  }
  CHECK(is_lost_race("40001"));
  CHECK(is_lost_race("40P01"));
  CHECK(!is_lost_race("40003"));
  CHECK(!is_lost_race("23505"));
  // The sentence of a class that quotes values is not repeated.
  CHECK(statement_error("22P02", "invalid: \"4000…\"").detail.find("4000") == std::string::npos);
}

}  // namespace set
