#include "common/audit/log.h"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "common/crypto/random.h"

namespace set::audit {
namespace {

constexpr int kPageSize = 1000;
constexpr int kMostLostRaces = 50;
constexpr std::int64_t kChainedAtOnce = 200;  // other threads wait for a transaction to end

/// Nanoseconds of the system's clock, ascending in this process, so that entries of one process keep
/// their order, whatever clock their own times come from.
std::uint64_t ascending_time() {
  static std::atomic<std::uint64_t> last = 0;
  const auto now = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                                  std::chrono::system_clock::now().time_since_epoch())
                                                  .count());
  auto before = last.load();
  while (!last.compare_exchange_weak(before, std::max(before + 1, now))) {
  }
  return std::max(before + 1, now);
}

Bytes new_id() {
  auto id = Bytes(8);
  auto time = ascending_time();
  for (auto place = id.rbegin(); place != id.rend(); ++place, time >>= 8)
    *place = static_cast<std::uint8_t>(time);
  const auto chance = Rng::system().bytes(8);
  id.insert(id.end(), chance.begin(), chance.end());
  return id;
}

struct Chained {
  std::optional<Digest> head;
  bool more = false;
};

Result<Chained> chain_some(Transaction& t) {
  const auto waiting = TRY(t.query("SELECT id, entry FROM audit_inbox ORDER BY id LIMIT $1",
                                   {kChainedAtOnce}));
  const auto last = TRY(t.query_one("SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1"));
  if (waiting.empty()) {
    return Chained{last ? std::optional(last->octets<Digest>(1)) : std::nullopt, false};
  }
  auto number = last ? last->integer(0) : std::int64_t{0};
  auto head = last ? last->octets<Digest>(1) : Digest{};
  for (const auto& row : waiting) {
    head = audit_digest(head, row.text(1));
    TRY(t.execute("INSERT INTO audit (number, entry, digest) VALUES ($1, $2, $3)",
                  {++number, row.text(1), head}));
    TRY(t.execute("DELETE FROM audit_inbox WHERE id = $1", {row.blob(0)}));
  }
  return Chained{head, static_cast<std::int64_t>(waiting.size()) == kChainedAtOnce};
}

}  // namespace

Result<void> append(Transaction& t, const AuditEntry& entry) {
  if (entry.event.empty()) return {};
  TRY(t.execute("INSERT INTO audit_inbox (id, entry) VALUES ($1, $2)", {new_id(), to_json(entry)}));
  return {};
}

Result<void> append(Database& database, const AuditEntry& entry) {
  return database.in_transaction("audit:append",
                                 [&](Transaction& t) { return append(t, entry); });
}

AuditEntry by_operator(std::string_view words, Instant at) {
  AuditEntry entry;
  entry.at = at;
  entry.event = "operator";
  entry.peer = "operator";
  entry.message = words;
  return entry;
}

Result<std::optional<Digest>> chain(Database& database) {
  for (int lost_races = 0;;) {
    const auto chained = database.in_transaction("audit:chain", chain_some);
    // Another process chained the same entries, and was first.
    const bool again = !chained && chained.error().code == ErrorCode::conflict;
    if (again && ++lost_races < kMostLostRaces) continue;
    if (!chained) return failure(chained.error());
    if (!chained->more) return chained->head;
  }
}

Result<std::vector<AuditRecord>> records_after(Database& database, std::int64_t number, int most) {
  const auto rows = TRY(database.in_transaction("audit:list", [&](Transaction& t) {
    return t.query(
        "SELECT number, entry, digest FROM audit WHERE number > $1 ORDER BY number LIMIT $2",
        {number, most});
  }));
  std::vector<AuditRecord> out;
  out.reserve(rows.size());
  for (const auto& row : rows)
    out.push_back({row.integer(0), row.text(1), row.octets<Digest>(2)});
  return out;
}

Result<void> for_each_record(Database& database, std::int64_t after,
                             const std::function<Result<void>(const AuditRecord&)>& each) {
  TRY(chain(database));
  while (true) {
    const auto page = TRY(records_after(database, after, kPageSize));
    for (const auto& record : page) TRY(each(record));
    if (page.size() < static_cast<std::size_t>(kPageSize)) return {};
    after = page.back().number;
  }
}

}  // namespace set::audit
