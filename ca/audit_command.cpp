#include "ca/audit_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ca/store.h"

namespace set::ca {
namespace {

using AuditJson = nlohmann::ordered_json;

constexpr int kAuditPage = 1000;

/// Every entry after a number, a page at a time.
template <class Each>
Result<void> for_each_record(Store& store, std::int64_t after, Each each) {
  while (true) {
    const auto page = TRY(store.audit_after(after, kAuditPage));
    for (const auto& record : page) TRY(each(record));
    if (page.size() < static_cast<std::size_t>(kAuditPage)) return {};
    after = page.back().number;
  }
}

}  // namespace

Result<void> list_audit(const Config& config) {
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  return for_each_record(store, config.audit.after, [&](const AuditRecord& record) -> Result<void> {
    if (config.common.json) {
      const AuditJson line{{"number", record.number},
                      {"entry", AuditJson::parse(record.entry, nullptr, /*allow_exceptions=*/false)},
                      {"digest", record.digest.hex()}};
      fmt::print("{}\n", line.dump(-1, ' ', false, AuditJson::error_handler_t::replace));
    } else {
      fmt::print("{} {}\n", record.number, record.entry);
    }
    return {};
  });
}

Result<void> verify_audit(const Config& config) {
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  AuditChain chain;
  bool head_seen = config.audit.head.empty();
  TRY(for_each_record(store, 0, [&](const AuditRecord& record) -> Result<void> {
    TRY(chain.accept(record));
    head_seen = head_seen || record.digest.hex() == config.audit.head;
    return {};
  }));
  CHECK_OR_FAIL(head_seen, ErrorCode::verification_failed,
                "the audit log was cut short or replaced: the head that was noted is not in it");
  if (config.common.json) {
    fmt::print("{}\n", AuditJson{{"entries", chain.count()}, {"head", chain.head().hex()}}.dump());
  } else {
    fmt::print("{} entries, head {}\n", chain.count(), chain.head().hex());
  }
  return {};
}

}  // namespace set::ca
