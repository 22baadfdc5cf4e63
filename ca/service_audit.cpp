// Before every request: may this address ask? What it is refused is counted for the audit log.
#include "ca/service.h"
#include "common/base/log.h"

namespace set::ca {

Result<AuditEntry> Service::admit(const grpc::ServerContext* context, std::string_view message) {
  AuditEntry entry;
  entry.at = parts_.clock();
  entry.event = "request";
  entry.peer = peer_address(context);
  entry.message = message;
  const auto verdict = limiter_.take(entry.peer, entry.at);
  if (verdict == PeerLimiter::Verdict::allowed) return entry;
  // One line where a flood begins, not one for each of its drops.
  if (verdict == PeerLimiter::Verdict::first_refusal)
    log_warning("an address asks too often", LogWord{"address", entry.peer});
  entry.event = "limited";
  entry.outcome = to_string(ErrorCode::resource_exhausted);
  receiver_.counts().count(std::move(entry));
  return failure(ErrorCode::resource_exhausted, "this address asks too often");
}

Result<void> Service::check_own_certificate(AuditEntry entry) {
  const auto& party = *parts_.ca.party;
  const auto good = party.trust->verify(
      party.signature->leaf, party.signature->issuers,
      {Role::cca, KeyUse::signature, parts_.ca.settings.brand}, entry.at);
  // Anything else, such as a list that was not made anew in time, is the requester's to judge.
  if (good || good.error().code != ErrorCode::revoked_certificate) return {};
  entry.event = "refused call";
  entry.outcome = to_string(good.error().code);
  receiver_.counts().count(std::move(entry));
  // In gRPC's words: SET's would be signed by a key that nobody may believe.
  return failure(ErrorCode::permission_denied, "this CA is revoked");
}

Origin Service::origin_of(const AuditEntry& audit) const {
  return {audit.peer, audit.peer == kLocalPeer ? kMaxOpenSessions : parts_.sessions_per_address()};
}

}  // namespace set::ca
