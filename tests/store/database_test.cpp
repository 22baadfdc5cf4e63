// What every store may rely on, whichever database it is.
#include <catch2/catch_template_test_macros.hpp>

#include <atomic>
#include <limits>
#include <thread>
#include <vector>

#include "tests/store/databases.h"

namespace set {
namespace {

using test::code_of;
using test::run;

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

std::int64_t count(Database& database, const std::string& table) {
  const auto rows = database.in_transaction(
      "test", [&](Transaction& t) { return t.query_one("SELECT COUNT(*) FROM " + table); });
  REQUIRE(rows.has_value());
  return (*rows)->integer(0);
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

TEMPLATE_TEST_CASE("no value is too odd", "", SET_DATABASES) {
  TestType place;
  auto database = migrated(place.url());
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  Bytes every_octet;
  for (int i = 0; i < 70'000; ++i) every_octet.push_back(static_cast<std::uint8_t>(i));
  REQUIRE(run(database, "INSERT INTO things VALUES ($1, $2, $3)", {kMost, "$1 '\\", every_octet}) ==
          1);
  REQUIRE(run(database, "INSERT INTO things VALUES ($1, $2, $3)",
              {kLeast, "\xF0\x9F\x92\xB3", std::nullopt}) == 1);
  const auto rows = database.in_transaction("test", [](Transaction& t) {
    return t.query("SELECT a, b, c, length(c) FROM things ORDER BY a DESC");
  });
  REQUIRE(rows.has_value());
  CHECK(rows->at(0).integer(0) == kMost);
  CHECK(rows->at(0).text(1) == "$1 '\\");
  CHECK(rows->at(0).blob(2) == every_octet);
  CHECK(rows->at(0).integer(3) == 70'000);
  CHECK(rows->at(1).integer(0) == kLeast);
  CHECK(rows->at(1).text(1) == "\xF0\x9F\x92\xB3");
  CHECK(rows->at(1).is_null(2));
  CHECK(rows->at(1).is_null(3));
  CHECK(run(database, "DELETE FROM things WHERE c IS NULL AND a = $1", {kLeast}) == 1);
}

TEMPLATE_TEST_CASE("sums are whole numbers, or no numbers", "", SET_DATABASES) {
  TestType place;
  auto database = migrated(place.url());
  const auto sum = [&] {
    return database.in_transaction("test", [](Transaction& t) {
      return t.query_one("SELECT SUM(a), COALESCE(SUM(a), 0), COUNT(a) FROM things");
    });
  };
  CHECK((*sum())->is_null(0));
  CHECK((*sum())->integer(1) == 0);
  for (const auto a : std::vector<std::int64_t>{10'000, -10'001, 1'000'000'000'000, 99'990'000}) {
    REQUIRE(run(database, "INSERT INTO things (a) VALUES ($1)", {a}) == 1);
  }
  CHECK((*sum())->integer(0) == 1'000'099'989'999);
  CHECK((*sum())->integer(2) == 4);
  REQUIRE(run(database, "INSERT INTO things (a) VALUES ($1)", {-2'000'099'989'999}) == 1);
  CHECK((*sum())->integer(0) == -1'000'000'000'000);
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  for (int i = 0; i < 2; ++i) REQUIRE(run(database, "INSERT INTO things (a) VALUES ($1)", {kMost}));
  CHECK(code_of(sum()) == ErrorCode::internal);
}

TEMPLATE_TEST_CASE("texts are ordered and compared by their bytes", "", SET_DATABASES) {
  TestType place;
  auto database = migrated(place.url());
  for (const char* text : {"b", "a", "B", "a b", "ab", "\u00e4"}) {
    REQUIRE(run(database, "INSERT INTO things (b) VALUES ($1)", {text}) == 1);
  }
  const auto rows = database.in_transaction(
      "test", [](Transaction& t) { return t.query("SELECT b FROM things ORDER BY b"); });
  REQUIRE(rows.has_value());
  std::string order;
  for (const auto& row : *rows) order += row.text(0) + ",";
  CHECK(order == "B,a,a b,ab,b,\u00e4,");
}

TEMPLATE_TEST_CASE("many different statements are prepared one after the other", "",
                   SET_DATABASES) {
  TestType place;
  auto database = migrated(place.url());
  const auto all = database.in_transaction("test", [](Transaction& t) -> Result<std::int64_t> {
    std::int64_t sum = 0;
    for (int i = 0; i < 1200; ++i) {
      sum += TRY(t.query_one("SELECT " + std::to_string(i) + " + $1", {1}))->integer(0);
    }
    return sum;
  });
  CHECK(all == 1200 * 1199 / 2 + 1200);
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
  for (const char* url : {"", "sqlite:", "mysql:x", "postgresql:set", "/tmp/x.db",
                          "sqlite:/nonexistent/directory/x.db"}) {
    CAPTURE(url);
    CHECK(code_of(Database::open(url)) == ErrorCode::bad_config);
  }
}

}  // namespace set
