#include "common/audit/proof.h"

namespace set {

std::string name_of(const std::optional<PartyName>& party) {
  if (!party) return "";
  return std::string(to_string(party->role)) + " " + party->brand + "/" + party->name;
}

Digest wrapper_digest(ByteView wire) { return digest("SET/2 wrapper", wire); }

Proof proof_of_request(MessageType type, const Request& request, const Party& self,
                       std::vector<XID> purchases, Instant now) {
  Proof proof;
  proof.entry.at = now;
  proof.entry.event = "asked";
  proof.entry.message = to_string(type);
  proof.entry.rrpid = request.pending.rrpid.hex();
  if (purchases.size() == 1) proof.entry.xid = purchases.front().hex();
  proof.entry.request = wrapper_digest(request.wire);
  proof.entry.statement = request.pending.request_digest;
  proof.statements.push_back(own_statement(type, request.evidence, self, std::move(purchases)));
  return proof;
}

AuditEntry told_entry(MessageType type, const RRPID& rrpid, std::string_view outcome, Instant now) {
  AuditEntry entry;
  entry.at = now;
  entry.event = "told";
  entry.message = to_string(type);
  entry.rrpid = rrpid.hex();
  entry.outcome = outcome;
  return entry;
}

}  // namespace set
