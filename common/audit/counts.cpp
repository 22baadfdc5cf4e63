#include "common/audit/counts.h"

namespace set::audit {
namespace {

constexpr Duration kOnePerKind = std::chrono::minutes(1);
// Whoever comes from more addresses than this is one kind: memory and disk are bounded.
constexpr std::size_t kMostKinds = 2000;

std::string kind_of(AuditEntry entry) {
  entry.at = {};
  entry.count = 0;
  return to_json(entry);
}

}  // namespace

void CallCounts::count(AuditEntry entry) {
  const std::lock_guard lock(mutex_);
  auto kind = kind_of(entry);
  if (!kinds_.contains(kind) && kinds_.size() >= kMostKinds) {
    AuditEntry others;
    others.event = entry.event;
    others.outcome = entry.outcome;
    others.subject = "others";
    entry = std::move(others);
    kind = kind_of(entry);
  }
  auto& counted = kinds_[kind];
  counted.entry = std::move(entry);
  ++counted.count;
}

std::vector<AuditEntry> CallCounts::take_due(Instant now, bool all) {
  const std::lock_guard lock(mutex_);
  std::vector<AuditEntry> due;
  for (auto& [name, kind] : kinds_) {
    const bool written_lately = kind.written_at != Instant{} && now < kind.written_at + kOnePerKind;
    if (kind.count == 0 || (written_lately && !all)) continue;
    due.push_back(kind.entry);
    due.back().at = now;
    due.back().count = std::exchange(kind.count, 0);
    kind.written_at = now;
  }
  std::erase_if(kinds_, [&](const auto& item) {
    return item.second.count == 0 && item.second.written_at + kOnePerKind <= now;
  });
  return due;
}

void CallCounts::give_back(const std::vector<AuditEntry>& entries) {
  const std::lock_guard lock(mutex_);
  for (const auto& entry : entries) {
    auto& kind = kinds_[kind_of(entry)];
    kind.entry = entry;
    kind.count += entry.count;
    kind.written_at = {};
  }
}

Result<void> CallCounts::write_due(Database& database, Instant now, bool all) {
  const auto due = take_due(now, all);
  if (due.empty()) return {};
  const auto written =
      database.in_transaction("audit:refusals", [&](Transaction& t) -> Result<void> {
        for (const auto& entry : due) TRY(append(t, entry));
        return {};
      });
  if (!written) give_back(due);
  return written;
}

}  // namespace set::audit
