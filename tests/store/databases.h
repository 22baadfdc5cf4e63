// The databases that the store suite runs on. PostgreSQL joins by one more struct here.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <string>

#include "common/store/database.h"
#include "tests/store/temporary_directory.h"

namespace set::test {

struct SqliteInMemory {
  std::string url() const { return "sqlite::memory:"; }
};

struct SqliteFile {
  TemporaryDirectory directory;
  std::filesystem::path file() const { return directory.path() / "test.db"; }
  std::string url() const { return "sqlite:" + file().string(); }
};

/// An open database, or the end of the test.
inline Database open(const std::string& url) {
  auto database = Database::open(url);
  INFO((database ? "" : database.error().detail));
  REQUIRE(database.has_value());
  return std::move(*database);
}

}  // namespace set::test

#define SET_DATABASES set::test::SqliteInMemory, set::test::SqliteFile
