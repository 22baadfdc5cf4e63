// The databases that the store suite runs on. PostgreSQL joins by one more struct here.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "common/store/database.h"

namespace set::test {

/// A directory of its own, gone at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "set-store-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

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
