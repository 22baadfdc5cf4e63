// What goes into the books with each step of an exchange in which we ask: the audit entry, and what was
// signed. (Of requests that come to us common/daemon/handle.h does so.) Called by the rooms' service and
// resolver; any thread.
#pragma once

#include "common/audit/statements.h"

namespace set {

/// "merchant Brand/400000/shop-1", for the audit log; empty: nobody, or a cardholder.
std::string name_of(const std::optional<PartyName>& party);

/// SET's numbers have each answer right after its request.
constexpr MessageType request_type_of(MessageType answer) { return static_cast<MessageType>(answer - 1); }

/// digest of the exact bytes of a MessageWrapper, as `answer` and `request` of an entry say it.
Digest wrapper_digest(ByteView wire);

/// Bytes that are to be sent. `self`: who signed them.
Proof proof_of_request(MessageType type, const Request& request, const Party& self,
                       std::vector<XID> purchases, Instant now);

/// What came back of a request, before or without a message that could be believed.
AuditEntry told_entry(MessageType type, const RRPID& rrpid, std::string_view outcome, Instant now);
template <class Res>
AuditEntry told_entry(const OpenedAnswer<Res>& answer, std::string_view outcome, Instant now) {
  const auto& message = answer.message;
  auto entry = told_entry(Treatment<Res>::info.type, message.head().rrpid, outcome, now);
  entry.signer = name_of(party_name(message.signer()));
  entry.statement = message.content_digest();
  entry.peer_head = message.head().audit_head;
  const auto purchases = purchases_of(*message, message.head().trans_ids);
  if (purchases.size() == 1) entry.xid = purchases.front().hex();
  return entry;
}

/// An answer that was believed; `known`: certificates that it may have left out.
template <class Res>
Proof proof_of_answer(const OpenedAnswer<Res>& answer, std::span<const Certificate> known, const Trust& trust,
                      std::string_view outcome, Instant now) {
  auto bag = answer.bag;
  bag.insert(bag.end(), known.begin(), known.end());
  return {told_entry(answer, outcome, now), {statement_of(answer.message, bag, trust)}};
}

}  // namespace set
