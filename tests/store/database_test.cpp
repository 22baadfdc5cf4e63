// What every store may rely on, whichever database it is.
#include <catch2/catch_template_test_macros.hpp>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/store/databases.h"

namespace set {
namespace {

const std::vector<Migration> kMigrations = {
    {1,
     "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
     "CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES parent (id),"
     " amount INTEGER NOT NULL CHECK (amount > 0)) STRICT;"},
    {2, "CREATE TABLE things (a INTEGER, b TEXT, c BLOB) STRICT"},
};

Database migrated(const std::string& url) {
  auto database = test::open(url);
  REQUIRE(database.migrate(kMigrations).has_value());
  return database;
}

Result<std::int64_t> run(Database& database, std::string_view sql,
                         const SqlParameters& parameters = {}) {
  return database.in_transaction("test",
                                 [&](Transaction& t) { return t.execute(sql, parameters); });
}

std::int64_t count(Database& database, const std::string& table) {
  const auto rows = database.in_transaction(
      "test", [&](Transaction& t) { return t.query_one("SELECT COUNT(*) FROM " + table); });
  REQUIRE(rows.has_value());
  return (*rows)->integer(0);
}

ErrorCode code_of(const auto& result) {
  REQUIRE(!result.has_value());
  CHECK(!result.error().detail.empty());
  return result.error().code;
}

}  // namespace

TEMPLATE_TEST_CASE("values come back as they went in", "", SET_DATABASES) {
  TestType place;
  auto database = migrated(place.url());
  const Bytes blob = {0, 1, 255, 0};
  const XID xid{{7}};
  REQUIRE(run(database, "INSERT INTO things VALUES ($1, $2, $3)", {-7, "a\u00e9", blob}) == 1);
  REQUIRE(run(database, "INSERT INTO things VALUES ($1, $2, $3)", {std::nullopt, "", Bytes{}}) ==
          1);
  REQUIRE(run(database, "INSERT INTO things VALUES ($1, $2, $3)",
              {from_millis(1'700'000'000'123), std::optional<std::string>{}, xid}) == 1);
  const auto rows = database.in_transaction(
      "test", [](Transaction& t) { return t.query("SELECT a, b, c FROM things ORDER BY c"); });
  REQUIRE(rows.has_value());
  REQUIRE(rows->size() == 3);
  const Row& empty = (*rows)[0];
  const Row& plain = (*rows)[1];
  const Row& octets = (*rows)[2];
  CHECK(empty.is_null(0));
  CHECK(empty.text(1).empty());
  CHECK(empty.blob(2).empty());
  CHECK(plain.integer(0) == -7);
  CHECK(plain.text(1) == "a\u00e9");
  CHECK(plain.blob(2) == blob);
  CHECK(octets.instant(0) == from_millis(1'700'000'000'123));
  CHECK(octets.is_null(1));
  CHECK(octets.template octets<XID>(2) == xid);
}

TEMPLATE_TEST_CASE("parameters go by their number, not by their place", "", SET_DATABASES) {
  TestType place;
  auto database = migrated(place.url());
  REQUIRE(run(database, "INSERT INTO things (b, a) VALUES ($2, $1)", {1, "two"}) == 1);
  CHECK(run(database, "DELETE FROM things WHERE a = $1 AND b = $2 AND $1 = 1", {1, "two"}) == 1);
}

TEMPLATE_TEST_CASE("migrations are applied once and in order", "", SET_DATABASES) {
  TestType place;
  auto database = test::open(place.url());
  const std::span<const Migration> all = kMigrations;
  REQUIRE(database.migrate(all.first(1)).has_value());
  REQUIRE(run(database, "INSERT INTO parent VALUES (1, 'p')") == 1);
  REQUIRE(database.migrate(all).has_value());
  REQUIRE(database.migrate(all).has_value());
  CHECK(count(database, "parent") == 1);
  CHECK(count(database, "things") == 0);
  CHECK(count(database, "schema_version") == 2);
}

TEMPLATE_TEST_CASE("a schema newer than the program is refused", "", SET_DATABASES) {
  TestType place;
  auto database = migrated(place.url());
  const auto older = database.migrate(std::span(kMigrations).first(1));
  CHECK(code_of(older) == ErrorCode::bad_config);
}

TEMPLATE_TEST_CASE("a migration that fails leaves nothing behind", "", SET_DATABASES) {
  TestType place;
  auto database = test::open(place.url());
  const std::vector<Migration> broken = {
      {1, "CREATE TABLE one (a INTEGER); CREATE TABLE one (a INTEGER)"}};
  CHECK(code_of(database.migrate(broken)) == ErrorCode::internal);
  CHECK(database.migrate(kMigrations).has_value());
}

TEMPLATE_TEST_CASE("broken rules of the schema are conflicts", "", SET_DATABASES) {
  TestType place;
  auto database = migrated(place.url());
  REQUIRE(run(database, "INSERT INTO parent VALUES ($1, $2)", {1, "p"}) == 1);
  CHECK(code_of(run(database, "INSERT INTO parent VALUES ($1, $2)", {1, "q"})) ==
        ErrorCode::conflict);  // primary key
  CHECK(code_of(run(database, "INSERT INTO parent VALUES ($1, $2)", {2, "p"})) ==
        ErrorCode::conflict);  // unique
  CHECK(code_of(run(database, "INSERT INTO parent VALUES ($1, $2)", {2, std::nullopt})) ==
        ErrorCode::conflict);  // not null
  CHECK(code_of(run(database, "INSERT INTO child VALUES ($1, $2, $3)", {1, 9, 1})) ==
        ErrorCode::conflict);  // foreign key
  CHECK(code_of(run(database, "INSERT INTO child VALUES ($1, $2, $3)", {1, 1, 0})) ==
        ErrorCode::conflict);  // check
  CHECK(code_of(run(database, "no SQL at all")) == ErrorCode::internal);
  CHECK(count(database, "parent") == 1);
  CHECK(count(database, "child") == 0);
}

TEMPLATE_TEST_CASE("an Error rolls everything back", "", SET_DATABASES) {
  TestType place;
  auto database = migrated(place.url());
  const auto refused = database.in_transaction("test", [](Transaction& t) -> Result<void> {
    TRY(t.execute("INSERT INTO parent VALUES (1, 'p')"));
    return failure(ErrorCode::declined, "no");
  });
  CHECK(code_of(refused) == ErrorCode::declined);
  CHECK(count(database, "parent") == 0);
}

TEMPLATE_TEST_CASE("after a failed statement nothing is committed, whoever ignores it", "",
                   SET_DATABASES) {
  TestType place;
  auto database = migrated(place.url());
  const auto ignored = database.in_transaction("test", [](Transaction& t) -> Result<int> {
    TRY(t.execute("INSERT INTO parent VALUES (1, 'p')"));
    CHECK(!t.execute("INSERT INTO parent VALUES (1, 'again')").has_value());
    CHECK(code_of(t.query("SELECT 1")) == ErrorCode::conflict);
    return 1;
  });
  CHECK(code_of(ignored) == ErrorCode::conflict);
  CHECK(count(database, "parent") == 0);
}

TEMPLATE_TEST_CASE("sixteen threads add up", "", SET_DATABASES) {
  TestType place;
  auto database = migrated(place.url());
  REQUIRE(run(database, "INSERT INTO things (a) VALUES (0)") == 1);
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        const auto added = database.in_transaction("test", [](Transaction& t) -> Result<void> {
          const auto row = TRY(t.query_one("SELECT a FROM things"));
          TRY(t.execute("UPDATE things SET a = $1", {row->integer(0) + 1}));
          return {};
        });
        if (!added) ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(failures == 0);
  const auto row = database.in_transaction(
      "test", [](Transaction& t) { return t.query_one("SELECT a FROM things"); });
  REQUIRE(row.has_value());
  CHECK((*row)->integer(0) == 320);
}

TEMPLATE_TEST_CASE("of two that insert one key one wins", "", SET_DATABASES) {
  TestType place;
  auto database = migrated(place.url());
  std::atomic<int> won = 0, lost = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const auto mine = run(database, "INSERT INTO parent VALUES ($1, $2)", {i, "same"});
      mine ? ++won : ++(mine.error().code == ErrorCode::conflict ? lost : won);
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(won == 1);
  CHECK(lost == 7);
}

TEST_CASE("an unknown address of a database is refused with a sentence") {
  for (const char* url : {"", "sqlite:", "mysql:x", "postgresql://localhost/set", "/tmp/x.db",
                          "sqlite:/nonexistent/directory/x.db"}) {
    CAPTURE(url);
    CHECK(code_of(Database::open(url)) == ErrorCode::bad_config);
  }
}

}  // namespace set
