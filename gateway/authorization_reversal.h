// Reversal of an authorisation at the gateway: AuthRevReq in, AuthRevRes out (set-1997 §3.6;
// protocol §9; ADR 0028). Called as capture.h. Pure; any thread.
#pragma once

#include "common/message/authorization_reversal.h"
#include "gateway/capture.h"

namespace set::gateway {

/// One item: a lowering, or a cancellation if AuthNewAmt is left out.
/// Errors:  invalid_certificate (not our merchant), decoding_failure (no TransIDs, baggage).
Result<AskedRequest> accept_auth_rev_req(const Verified<AuthRevReq>& request, ByteView baggage,
                                         const Party& self, const GatewayTerms& gateway,
                                         Instant now);

/// "P checks: CapToken belongs to M and XID; authorisation exists and is not captured; AuthNewAmt ≤
/// old." A merchant whose AuthRes was lost cancels without a token, and then what a sale captured
/// is undone with it.
/// State:   Live → Live, with less authorised | NothingHeld.
ItemDecision accept_auth_rev_item(const AskedItem& asked, const ItemFacts& facts,
                                  const RRPID& request, ByteView token_key);

/// An AuthRevRes with what stands beside it. `auth_token` is the purchase's AuthToken that counts
/// now, empty if there is none.
struct MadeAuthRevRes {
  AuthRevRes message;
  AuthRevResBaggage baggage;
};
MadeAuthRevRes make_auth_rev_res(const PaymentRequest& request, const Bytes& auth_token,
                                 const Thumbprint& pe_thumb);

}  // namespace set::gateway
