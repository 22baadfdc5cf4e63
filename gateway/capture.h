// Capture at the gateway: CapReq in, CapRes out (set-1997 §3.8; protocol §9). Called by
// service_payments.cpp and, inside the transaction that decides a request, by the store. Pure; any
// thread.
#pragma once

#include "common/message/capture.h"
#include "common/message/open.h"
#include "gateway/authorization.h"
#include "gateway/payment_item.h"

namespace set::gateway {

/// Spec:    set-1997.md §3.8, P per item; the form was checked when it was opened
/// Errors:  invalid_certificate (not our merchant), decoding_failure (CapTokenSeq).
Result<AskedRequest> accept_cap_req(const Verified<CapReq>& cap_req, ByteView baggage,
                                    const Party& self, const GatewayTerms& gateway, Instant now);

/// State:   Live → Live, with more being captured.
ItemDecision accept_cap_item(const AskedItem& asked, const ItemFacts& facts, const RRPID& request,
                             ByteView token_key, Instant now);

/// The answer to a request of which no item is pending.
CapRes make_cap_res(const PaymentRequest& request, std::vector<BatchStatus> batches,
                    const Thumbprint& pe_thumb);

// --- of all requests about what follows an authorisation ---

/// The head of a request as it is kept.
template <class Req>
AskedRequest asked_request(const Verified<Req>& message, std::string_view name, Instant now) {
  AskedRequest out;
  out.head = {.key = {.merchant = message.signer().thumbprint(),
                      .message = std::string(name),
                      .rrpid = message.head().rrpid},
              .merchant_id = message.signer().merchant_data()->merchant_id,
              .content_digest = message.content_digest(),
              .trans_ids = message.head().trans_ids,
              .auth_ret_num = "",
              .received_at = now,
              .items = {}};
  return out;
}

/// The name at the acquirer, and the batch: a wish must be open.
template <class Code>
ItemDecision granted(const AskedItem& asked, const ItemFacts& facts, const RRPID& request) {
  if (!asked.batch_id.empty()) {
    // "Batch known and open (batchUnknown, batchClosed)" (§3.8).
    if (!facts.wish_is_open) return ItemCode(Code::batch_unknown);
    if (!*facts.wish_is_open) return ItemCode(Code::batch_closed);
  }
  return Granted{acquirer_name(request, asked.auth_rrpid, asked.reversed), std::nullopt,
                 asked.batch_id};
}

}  // namespace set::gateway
