// What holds for a SQLite file: private, one process, and what it has committed survives kill -9.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>

#include "common/store/crash_point.h"
#include "tests/store/databases.h"

namespace set {
namespace {

constexpr Migration kTable = {1, "CREATE TABLE t (a INTEGER NOT NULL, filler TEXT) STRICT"};

// Runs `body` in another process, as exit code. Fork only where this process has no other thread.
int in_other_process(const auto& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::int64_t count(Database& database) {
  const auto row = database.in_transaction(
      "test", [](Transaction& t) { return t.query_one("SELECT COUNT(*) FROM t"); });
  REQUIRE(row.has_value());
  return (*row)->integer(0);
}

Result<std::int64_t> insert(Database& database, std::string_view label) {
  return database.in_transaction(
      label, [](Transaction& t) { return t.execute("INSERT INTO t (a) VALUES (1)"); });
}

}  // namespace

TEST_CASE("a database file and its companions are readable by their owner only") {
  test::SqliteFile place;
  auto database = test::open(place.url());
  REQUIRE(database.migrate({&kTable, 1}).has_value());
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(place.directory.path())) {
    struct stat status = {};
    REQUIRE(::stat(entry.path().c_str(), &status) == 0);
    CAPTURE(entry.path());
    CHECK((status.st_mode & 0777) == 0600);
    ++seen;
  }
  CHECK(seen >= 3);  // the file, its lock, its log
}

TEST_CASE("a database file that others can read is refused") {
  test::SqliteFile place;
  std::ofstream(place.file()).flush();
  REQUIRE(::chmod(place.file().c_str(), 0640) == 0);
  const auto database = Database::open(place.url());
  REQUIRE(!database.has_value());
  CHECK(database.error().code == ErrorCode::bad_config);
}

TEST_CASE("a file that is no database is refused") {
  test::SqliteFile place;
  std::ofstream(place.file()) << std::string(4096, 'x');
  REQUIRE(::chmod(place.file().c_str(), 0600) == 0);
  const auto database = Database::open(place.url());
  REQUIRE(!database.has_value());
  CHECK(database.error().code == ErrorCode::bad_config);
}

TEST_CASE("a second user of a database is told so, until the first is gone") {
  test::SqliteFile place;
  {
    auto first = test::open(place.url());
    const auto second = Database::open(place.url());
    REQUIRE(!second.has_value());
    CHECK(second.error().code == ErrorCode::bad_config);
    CHECK(second.error().detail.find("another process uses the database") != std::string::npos);
    CHECK(in_other_process([&] { return Database::open(place.url()) ? 0 : 3; }) == 3);
    const Database moved = std::move(first);
    CHECK(!Database::open(place.url()).has_value());
  }
  CHECK(in_other_process([&] { return Database::open(place.url()) ? 0 : 3; }) == 0);
}

TEST_CASE("a command works beside the daemon that has the lock") {
  test::SqliteFile place;
  auto daemon = test::open(place.url());
  REQUIRE(daemon.migrate({&kTable, 1}).has_value());
  const auto command = [&] {
    auto database = Database::open(place.url(), DatabaseUse::command);
    return database && insert(*database, "test") ? 0 : 3;
  };
  CHECK(in_other_process(command) == 0);
  CHECK(command() == 0);  // in this process too, where closing a file must not drop locks on it
  REQUIRE(insert(daemon, "test").has_value());
  CHECK(in_other_process(command) == 0);
  CHECK(count(daemon) == 4);
}

TEST_CASE("a full disk is storage_unavailable, and the database lives on") {
  test::SqliteFile place;
  auto database = test::open(place.url());
  REQUIRE(database.migrate({&kTable, 1}).has_value());
  const auto limit = [&](int pages) {
    const auto set = database.in_transaction("test", [&](Transaction& t) {
      return t.query("PRAGMA max_page_count = " + std::to_string(pages));
    });
    REQUIRE(set.has_value());
  };
  limit(16);
  const auto fill = [](Transaction& t) -> Result<void> {
    for (int i = 0; i < 200; ++i) {
      TRY(t.execute("INSERT INTO t (a, filler) VALUES ($1, $2)", {i, std::string(2000, 'x')}));
    }
    return {};
  };
  const auto full = database.in_transaction("test", fill);
  REQUIRE(!full.has_value());
  CHECK(full.error().code == ErrorCode::storage_unavailable);
  CHECK(count(database) == 0);
  limit(1'000'000);
  CHECK(database.in_transaction("test", fill).has_value());
  CHECK(count(database) == 200);
}

TEST_CASE("a killed process has committed all of a transaction or nothing") {
  test::SqliteFile place;
  {
    auto database = test::open(place.url());
    REQUIRE(database.migrate({&kTable, 1}).has_value());
  }
  const auto die_at = [&](const char* point) {
    return in_other_process([&] {
      ::setenv("SET_CRASH_AT", point, 1);
      auto database = Database::open(place.url());
      if (!database) return 1;
      return insert(*database, "merchant:ordered") ? 0 : 2;
    });
  };
  CHECK(die_at("before-commit:merchant:ordered") == 137);
  {
    auto database = test::open(place.url());
    CHECK(count(database) == 0);
  }
  CHECK(die_at("after-commit:merchant:ordered") == 137);
  CHECK(die_at("after-commit:merchant:other") == 0);
  auto database = test::open(place.url());
  CHECK(count(database) == 2);
}

TEST_CASE("deleted content is not in the file any more") {
  test::SqliteFile place;
  const std::string secret = "a-text-that-must-vanish";
  {
    auto database = test::open(place.url());
    REQUIRE(database.migrate({&kTable, 1}).has_value());
    const auto gone = database.in_transaction("test", [&](Transaction& t) -> Result<void> {
      TRY(t.execute("INSERT INTO t (a, filler) VALUES (1, $1)", {secret}));
      return {};
    });
    REQUIRE(gone.has_value());
    REQUIRE(
        database.in_transaction("test", [](Transaction& t) { return t.execute("DELETE FROM t"); })
            .has_value());
  }
  std::ifstream file(place.file(), std::ios::binary);
  const std::string content(std::istreambuf_iterator<char>(file), {});
  CHECK(!content.empty());
  CHECK(content.find(secret) == std::string::npos);
}

}  // namespace set
