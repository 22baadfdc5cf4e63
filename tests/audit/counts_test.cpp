// What comes too often is counted: one entry of a kind and a minute, bounded whoever comes.
#include "common/audit/counts.h"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include "tests/store/databases.h"

namespace set::test {
namespace {

const Instant kBegin = from_millis(1'700'000'000'000);

struct Counted {
  Database database = open("sqlite::memory:");
  audit::CallCounts counts;

  Counted() {
    static constexpr std::array<Migration, 2> kSchema{
        {{1, audit::kChainSchema}, {2, audit::kInboxSchema}}};
    REQUIRE(database.migrate(kSchema));
  }
  void call(const std::string& peer, int times = 1) {
    for (int i = 0; i < times; ++i) {
      AuditEntry entry;
      entry.at = kBegin + std::chrono::milliseconds(i);
      entry.event = "limited";
      entry.peer = peer;
      entry.outcome = "resource_exhausted";
      counts.count(std::move(entry));
    }
  }
  std::vector<std::string> written() {
    std::vector<std::string> out;
    REQUIRE(audit::for_each_record(database, 0, [&](const AuditRecord& record) -> Result<void> {
      out.push_back(record.entry);
      return {};
    }));
    return out;
  }
};

bool ends_with_count(const std::string& entry, int count) {
  const auto end = ",\"count\":" + std::to_string(count) + "}";
  return entry.ends_with(end);
}

}  // namespace

TEST_CASE("the first is written at once, and then what came in a minute") {
  Counted world;
  world.call("192.0.2.1", 7);
  REQUIRE(world.counts.write_due(world.database, kBegin));
  REQUIRE(world.written().size() == 1);
  CHECK(ends_with_count(world.written()[0], 7));
  world.call("192.0.2.1", 100);
  REQUIRE(world.counts.write_due(world.database, kBegin + std::chrono::seconds(59)));
  CHECK(world.written().size() == 1);
  world.call("192.0.2.2");
  REQUIRE(world.counts.write_due(world.database, kBegin + std::chrono::seconds(60)));
  REQUIRE(world.written().size() == 3);
  CHECK(ends_with_count(world.written()[1], 100));
  CHECK(ends_with_count(world.written()[2], 1));
  REQUIRE(world.counts.write_due(world.database, kBegin + std::chrono::seconds(600)));
  CHECK(world.written().size() == 3);  // nothing came
}

TEST_CASE("at the end of the process everything is written") {
  Counted world;
  world.call("192.0.2.1");
  REQUIRE(world.counts.write_due(world.database, kBegin));
  world.call("192.0.2.1", 5);
  REQUIRE(world.counts.write_due(world.database, kBegin + std::chrono::seconds(1), /*all=*/true));
  REQUIRE(world.written().size() == 2);
  CHECK(ends_with_count(world.written()[1], 5));
}

TEST_CASE("a hundred thousand addresses are not a hundred thousand entries") {
  Counted world;
  for (int i = 0; i < 100'000; ++i) world.call("10." + std::to_string(i));
  REQUIRE(world.counts.write_due(world.database, kBegin));
  const auto written = world.written();
  CHECK(written.size() == 2001);
  std::int64_t others = 0;
  for (const auto& entry : written) others += field_of(entry, "subject") == "others" ? 1 : 0;
  CHECK(others == 1);
  CHECK(std::ranges::any_of(written, [](const auto& entry) { return ends_with_count(entry, 98'000); }));
}

TEST_CASE("what cannot be written stays counted") {
  Counted world;
  world.call("192.0.2.1", 3);
  const auto rename = [&](std::string_view sql) {
    REQUIRE(world.database.in_transaction("test", [&](Transaction& t) -> Result<void> {
      TRY(t.execute(sql));
      return {};
    }));
  };
  rename("ALTER TABLE audit_inbox RENAME TO lost");
  CHECK_FALSE(world.counts.write_due(world.database, kBegin).has_value());
  rename("ALTER TABLE lost RENAME TO audit_inbox");
  world.call("192.0.2.1");
  REQUIRE(world.counts.write_due(world.database, kBegin + std::chrono::seconds(1)));
  REQUIRE(world.written().size() == 1);
  CHECK(ends_with_count(world.written()[0], 4));
}

}  // namespace set::test
