// Before and after every request: may this address ask, and what came of it goes into the log.
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
  if (verdict == PeerLimiter::Verdict::first_refusal) {
    entry.event = "limited";
    entry.outcome = to_string(ErrorCode::resource_exhausted);
    log_warning("an address asks too often", LogWord{"address", entry.peer});
    TRY(parts_.store.audit(entry));
  }
  return failure(ErrorCode::resource_exhausted, "this address asks too often");
}

Origin Service::origin_of(const AuditEntry& audit) const {
  return {audit.peer, audit.peer == kLocalPeer ? kMaxOpenSessions : parts_.sessions_per_address};
}

grpc::Status Service::audited(AuditEntry entry, const Handled& handled, const grpc::Status& status,
                              wire::MessageWrapper& out) {
  entry.rrpid = handled.rrpid.hex();
  if (handled.refused) {
    entry.outcome = to_string(*handled.refused);
    entry.thumbprints.clear();
  } else if (entry.outcome.empty()) {
    entry.outcome = handled.repeated ? "repeated" : "answered";
  }
  const auto kept = parts_.store.audit(entry);
  if (kept) return status;
  // What was issued is recorded; its requester asks again and is told then.
  log_error("the audit log cannot be written: nothing is answered", kept.error());
  out.Clear();
  return status_of(kept.error());
}

}  // namespace set::ca
