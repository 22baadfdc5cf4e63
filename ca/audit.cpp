#include "ca/audit.h"

#include <nlohmann/json.hpp>

#include "common/crypto/digest.h"

namespace set::ca {

std::string to_json(const AuditEntry& entry) {
  nlohmann::ordered_json out{{"at", to_string(entry.at)}, {"event", entry.event}};
  const auto put = [&out](const char* name, const std::string& value) {
    if (!value.empty()) out[name] = value;
  };
  put("peer", entry.peer);
  put("message", entry.message);
  if (entry.request_type != 0) out["request_type"] = entry.request_type;
  put("rrpid", entry.rrpid);
  put("lid_ee", entry.lid_ee);
  put("role", entry.role);
  put("bin", entry.bin);
  put("party", entry.party);
  put("outcome", entry.outcome);
  if (!entry.thumbprints.empty()) out["certificates"] = entry.thumbprints;
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Digest audit_digest(const Digest& before, std::string_view entry) {
  return digest("SET/2 audit", concat({before.view(), view_of(entry)}));
}

Result<void> AuditChain::accept(const AuditRecord& record) {
  const bool fits =
      record.number == count_ + 1 && record.digest == audit_digest(head_, record.entry);
  CHECK_OR_FAIL(fits, ErrorCode::verification_failed,
                "the audit log was changed: entry " + std::to_string(count_ + 1) +
                    " does not follow from the one before it");
  count_ = record.number;
  head_ = record.digest;
  return {};
}

}  // namespace set::ca
