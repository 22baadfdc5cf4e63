#include "common/audit/entry.h"

#include <nlohmann/json.hpp>

#include "common/crypto/digest.h"
#include "common/crypto/suite.h"

namespace set {
namespace {

using EntryJson = nlohmann::ordered_json;

std::string one_line(const EntryJson& json) {
  return json.dump(-1, ' ', false, EntryJson::error_handler_t::replace);
}

EntryJson parse_json(std::string_view text) {
  return EntryJson::parse(text, nullptr, /*allow_exceptions=*/false);
}

}  // namespace

std::string to_json(const AuditEntry& entry) {
  EntryJson out{{"at", to_string(entry.at)}, {"event", entry.event}};
  const auto put = [&out](const char* name, const std::string& value) {
    if (!value.empty()) out[name] = value;
  };
  const auto put_digest = [&out](const char* name, const std::optional<Digest>& value) {
    if (value) out[name] = value->hex();
  };
  put("peer", entry.peer);
  put("caller", entry.caller);
  put("signer", entry.signer);
  put("message", entry.message);
  if (entry.request_type != 0) out["request_type"] = entry.request_type;
  put("rrpid", entry.rrpid);
  put("xid", entry.xid);
  put("subject", entry.subject);
  put("lid_ee", entry.lid_ee);
  put("role", entry.role);
  put("bin", entry.bin);
  put("party", entry.party);
  put("outcome", entry.outcome);
  if (!entry.thumbprints.empty()) out["certificates"] = entry.thumbprints;
  put_digest("request", entry.request);
  put_digest("statement", entry.statement);
  put_digest("answer", entry.answer);
  put_digest("peer_head", entry.peer_head);
  if (entry.count != 0) out["count"] = entry.count;
  return one_line(out);
}

Digest audit_digest(const Digest& before, std::string_view entry) {
  return digest(suite::kAuditLabel, concat({before.view(), view_of(entry)}));
}

std::string to_json_line(const AuditRecord& record) {
  return one_line({{"number", record.number},
                   {"digest", record.digest.hex()},
                   {"entry", parse_json(record.entry)}});
}

Result<AuditRecord> parse_record(std::string_view line) {
  const auto json = parse_json(line);
  const bool whole = json.is_object() && json.size() == 3 && json.contains("number") &&
                     json["number"].is_number_integer() && json.contains("digest") &&
                     json["digest"].is_string() && json.contains("entry") &&
                     json["entry"].is_object();
  CHECK_OR_FAIL(whole, ErrorCode::invalid_argument,
                "a line is no entry of an audit log as `audit export` writes them");
  AuditRecord out;
  out.number = json["number"].get<std::int64_t>();
  const auto bytes = TRY(from_hex(json["digest"].get<std::string>()));
  out.digest = TRY(Digest::parse(ByteView(bytes)));
  out.entry = one_line(json["entry"]);
  return out;
}

std::string field_of(std::string_view entry, std::string_view name) {
  const auto json = parse_json(entry);
  const auto found = json.is_object() ? json.find(std::string(name)) : json.end();
  if (!json.is_object() || found == json.end() || !found->is_string()) return "";
  return found->get<std::string>();
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

}  // namespace set
