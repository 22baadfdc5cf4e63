// The databases that the store suite runs on.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <string>

#include "common/store/database.h"
#include "tests/store/temporary_directory.h"
#include "tests/support/databases.h"

namespace set::test {

struct SqliteInMemory {
  std::string url() const { return "sqlite::memory:"; }
};

struct SqliteFile {
  TemporaryDirectory directory;
  std::filesystem::path file() const { return directory.path() / "test.db"; }
  std::string url() const { return "sqlite:" + file().string(); }
};

struct Postgres {
  const std::string address = postgres_url();
  std::string url() const { return address; }
};

/// An open database, or the end of the test.
inline Database open(const std::string& url) {
  auto database = Database::open(url);
  INFO((database ? "" : database.error().detail));
  REQUIRE(database.has_value());
  return std::move(*database);
}

/// Rows changed by one statement in a transaction of its own.
inline Result<std::int64_t> run(Database& database, std::string_view sql,
                                const SqlParameters& parameters = {}) {
  return database.in_transaction("test",
                                 [&](Transaction& t) { return t.execute(sql, parameters); });
}

/// The code of an Error that was expected, and that has a sentence.
ErrorCode code_of(const auto& result) {
  REQUIRE(!result.has_value());
  CHECK(!result.error().detail.empty());
  return result.error().code;
}

}  // namespace set::test

#define SET_DATABASES set::test::SqliteInMemory, set::test::SqliteFile, set::test::Postgres
