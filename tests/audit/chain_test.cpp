// The chain: entries lie in the inbox until they are chained, in their order, once; whatever is changed,
// moved or taken away is found.
#include "common/audit/log.h"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <set>
#include <thread>

#include "tests/store/databases.h"

namespace set::test {
namespace {

constexpr std::array<Migration, 2> kAuditMigrations{
    {{1, audit::kChainSchema}, {2, audit::kInboxSchema}}};

template <class T>
T must_have(Result<T> result) {
  INFO((result ? "" : result.error().detail));
  REQUIRE(result.has_value());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

AuditEntry entry_of(const std::string& message) {
  AuditEntry entry;
  entry.at = from_millis(1'700'000'000'000);
  entry.event = "request";
  entry.message = message;
  entry.outcome = "answered";
  return entry;
}

std::vector<AuditRecord> all_of(Database& database) {
  std::vector<AuditRecord> out;
  must_have(audit::for_each_record(database, 0, [&](const AuditRecord& record) -> Result<void> {
    out.push_back(record);
    return {};
  }));
  return out;
}

Result<void> follow(const std::vector<AuditRecord>& records) {
  AuditChain chain;
  for (const auto& record : records) TRY(chain.accept(record));
  return {};
}

void run_sql(Database& database, std::string_view sql) {
  must_have(database.in_transaction("test", [&](Transaction& t) -> Result<void> {
    TRY(t.execute(sql));
    return {};
  }));
}

}  // namespace

TEMPLATE_TEST_CASE("entries are chained in the order in which they were written", "", SET_DATABASES) {
  const TestType where;
  auto database = open(where.url());
  must_have(database.migrate(kAuditMigrations));
  CHECK_FALSE(must_have(audit::chain(database)).has_value());
  for (int i = 0; i < 450; ++i)  // more than are chained at once
    must_have(audit::append(database, entry_of("m" + std::to_string(i))));
  CHECK(must_have(audit::records_after(database, 0, 10)).empty());
  const auto head = must_have(audit::chain(database));
  const auto all = all_of(database);
  REQUIRE(all.size() == 450);
  for (std::size_t i = 0; i < all.size(); ++i)
    CHECK(field_of(all[i].entry, "message") == "m" + std::to_string(i));
  CHECK(follow(all));
  CHECK(head == all.back().digest);
  CHECK(must_have(audit::chain(database)) == head);  // nothing new: the head stays
}

TEMPLATE_TEST_CASE("what is rolled back leaves no entry", "", SET_DATABASES) {
  const TestType where;
  auto database = open(where.url());
  must_have(database.migrate(kAuditMigrations));
  const auto failed = database.in_transaction("test", [&](Transaction& t) -> Result<void> {
    TRY(audit::append(t, entry_of("never")));
    return failure(ErrorCode::declined, "no");
  });
  CHECK_FALSE(failed.has_value());
  CHECK(all_of(database).empty());
}

TEMPLATE_TEST_CASE("many threads write and chain at once, and it stays one chain", "", SET_DATABASES) {
  const TestType where;
  auto database = open(where.url());
  must_have(database.migrate(kAuditMigrations));
  std::vector<std::thread> threads;
  std::atomic<int> failed = 0;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 40; ++i) {
        const auto name = std::to_string(thread) + "-" + std::to_string(i);
        if (!audit::append(database, entry_of(name))) ++failed;
        if (i % 10 == 0 && !audit::chain(database)) ++failed;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(failed == 0);
  const auto all = all_of(database);
  CHECK(all.size() == 320);
  CHECK(follow(all));
  std::set<std::string> names;
  for (const auto& record : all) names.insert(field_of(record.entry, "message"));
  CHECK(names.size() == 320);
}

TEST_CASE("an entry that is changed, moved, exchanged or taken away is found, and its number said") {
  auto database = open("sqlite::memory:");
  must_have(database.migrate(kAuditMigrations));
  for (int i = 0; i < 5; ++i) must_have(audit::append(database, entry_of("m" + std::to_string(i))));
  must_have(audit::chain(database));
  std::string number;
  SECTION("changed") {
    run_sql(database, "UPDATE audit SET entry = replace(entry, 'm2', 'm9') WHERE number = 3");
    number = "entry 3 ";
  }
  SECTION("a space more") {
    run_sql(database, "UPDATE audit SET entry = entry || ' ' WHERE number = 5");
    number = "entry 5 ";
  }
  SECTION("its digest changed") {
    run_sql(database, "UPDATE audit SET digest = zeroblob(48) WHERE number = 1");
    number = "entry 1 ";
  }
  SECTION("taken away") {
    run_sql(database, "DELETE FROM audit WHERE number = 2");
    number = "entry 2 ";
  }
  SECTION("the first taken away, the others moved up") {
    run_sql(database, "DELETE FROM audit WHERE number = 1");
    run_sql(database, "UPDATE audit SET number = number - 1");
    number = "entry 1 ";
  }
  SECTION("changed with its digest") {
    run_sql(database, "UPDATE audit SET entry = (SELECT entry FROM audit WHERE number = 1),"
                      " digest = (SELECT digest FROM audit WHERE number = 1) WHERE number = 4");
    number = "entry 4 ";
  }
  const auto followed = follow(all_of(database));
  REQUIRE_FALSE(followed.has_value());
  CHECK(followed.error().code == ErrorCode::verification_failed);
  CHECK(followed.error().detail.find(number) != std::string::npos);
}

TEST_CASE("a record goes out as a line and comes back as it was") {
  auto entry = entry_of("quotes \" and \\ and umlauts \xc3\xa4, \xe2\x82\xac");
  entry.request = Digest{};
  entry.peer_head = Digest{};
  entry.thumbprints = {"aa", "bb"};
  entry.count = 3;
  const AuditRecord record{1, to_json(entry), audit_digest(Digest{}, to_json(entry))};
  const auto back = must_have(parse_record(to_json_line(record)));
  CHECK(back.number == record.number);
  CHECK(back.entry == record.entry);
  CHECK(back.digest == record.digest);
  CHECK(follow({back}));
  for (const std::string bad : {"", "{}", "nonsense", "[1]", "{\"number\":1,\"digest\":\"aa\",\"entry\":{}}",
                                "{\"number\":\"1\",\"digest\":\"\",\"entry\":{}}"}) {
    INFO(bad);
    const auto parsed = parse_record(bad);
    REQUIRE_FALSE(parsed.has_value());
    CHECK_FALSE(parsed.error().detail.empty());
  }
}

TEST_CASE("an entry says what is there and nothing else") {
  CHECK(to_json(entry_of("PReq")) ==
        R"({"at":"2023-11-14T22:13:20.000Z","event":"request","message":"PReq","outcome":"answered"})");
  auto database = open("sqlite::memory:");
  must_have(database.migrate(kAuditMigrations));
  must_have(audit::append(database, AuditEntry{}));  // no event: nothing happened
  CHECK(all_of(database).empty());
}

}  // namespace set::test
