#include "gateway/capture.h"

namespace set::gateway {

Result<AskedRequest> accept_cap_req(const Verified<CapReq>& cap_req, ByteView baggage,
                                    const Party& self, const GatewayTerms& gateway, Instant now) {
  TRY(check_merchant(cap_req.signer(), self, gateway));
  auto tokens = TRY(open_cap_token_seq(baggage, cap_req->items.size()));
  auto out = asked_request(cap_req, "CapReq", now);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto& item = cap_req->items[i];
    out.items.push_back({.kind = ItemKind::capture,
                         .trans_ids = item.trans_ids,
                         .auth_rrpid = item.auth_rrpid,
                         .amount = item.cap_req_amt,
                         .final = item.final_capture,
                         .batch_id = item.sale_detail ? item.sale_detail->batch_id : "",
                         .cap_token = std::move(tokens[i])});
  }
  return out;
}

ItemDecision accept_cap_item(const AskedItem& asked, const ItemFacts& facts, const RRPID& request,
                             ByteView token_key, Instant now) {
  if (!facts.standing) return ItemCode(CapCode::unknown_xid);
  const auto& standing = *facts.standing;
  const auto& known = standing.terms.trans_ids;
  if (asked.trans_ids.xid != known.xid) return ItemCode(CapCode::unknown_xid);
  if (!same_purchase(asked.trans_ids, known)) return ItemCode(CapCode::unknown_lid);
  const auto* live = std::get_if<Live>(&standing.state);
  // Nothing was approved, or it is reversed.
  if (live == nullptr) return ItemCode(CapCode::invalid_auth_data);
  // "Token authentic, for this M, XID and AuthRRPID (invalidCapToken / capTokenMissing)"
  if (const auto fault = check_cap_token(asked, standing, token_key)) {
    return ItemCode(*fault == TokenFault::missing ? CapCode::cap_token_missing
                                                  : CapCode::invalid_cap_token);
  }
  // "→ not already captured (duplicateRequest)": the last capture was made, nothing is left, or
  // this very one is known.
  if (live->final || live->left_minor() == 0 || facts.is_known) {
    return ItemCode(CapCode::duplicate_request);
  }
  // "→ authorisation not expired (authExpired)"
  if (now >= live->hold_expires) return ItemCode(CapCode::auth_expired);
  // "→ amount policy": no more than is left.
  if (asked.amount->currency() != standing.terms.auth_req_amt.currency() ||
      asked.amount->minor() > live->left_minor()) {
    return ItemCode(CapCode::amount_error);
  }
  return granted<CapCode>(asked, facts, request);
}

CapRes make_cap_res(const PaymentRequest& request, std::vector<BatchStatus> batches,
                    const Thumbprint& pe_thumb) {
  CapRes out;
  for (const auto& item : request.items) {
    const bool done = item.state == ItemState::done;
    out.items.push_back({.trans_ids = item.asked.trans_ids,
                         .auth_rrpid = item.asked.auth_rrpid,
                         .payload = {.cap_code = static_cast<CapCode>(item.code.value().number),
                                     .cap_amt = done ? item.asked.amount : std::nullopt,
                                     .batch_id = done ? item.batch_id : "",
                                     .batch_sequence_num = item.batch_sequence_num}});
  }
  out.batch_status_seq = std::move(batches);
  out.pe_thumb = pe_thumb;
  return out;
}

}  // namespace set::gateway
