// Purchase at the merchant: PInitReq → PInitRes, PReq → PRes, InqReq → InqRes (set-1997 §3.3 to
// §3.5; protocol §4). Pure but for the Rng; any thread.
#pragma once

#include "common/message/dual_signature.h"
#include "merchant/authorization_state.h"
#include "merchant/gateway_certificate.h"
#include "merchant/order_state.h"

namespace set::merchant {

/// What accept_pinit_req looks at beside the message.
struct Seller {
  const Party& party;
  const GatewayCertificates& gateway;
};

/// The signature certificate under which to make an offer: the earlier one that the wallet holds
/// out of an older payment link, or else the current one.
Thumbprint offer_under(const Party& merchant, const Thumbs& held, Instant now);

/// Begins a purchase for whoever presents the order secret.
///
/// Spec:   set-1997 §3.3, M's steps; protocol §4 (order secret)
/// State:  (none) → Initiated. `taken`: a purchase of this order is being paid or is paid.
/// Errors: unknown_lid for an unknown order, a wrong secret, an order that is expired or taken: one
///         code, so that nothing is told to who lacks the secret. unspecified_failure: not our
///         brand.
Result<Initiated> accept_pinit_req(const std::optional<Order>& order, bool taken,
                                   const Unsigned<PInitReq>& message, const Seller& seller,
                                   Instant now, Rng& rng);

/// Spec: set-1997 §3.3. TransIDs go into the header, the gateway's key-exchange chain into the bag.
PInitRes make_pinit_res(const Initiated& purchase);

/// Accepts the cardholder's order, or finds that it is not the one that was offered.
///
/// Spec:    set-1997 §3.4, merchant's steps 2 to 10; steps 1 and 2's signature are handle()'s
/// State:   Initiated → Ordered | Rejected
/// Secrets: none. The PI is carried sealed.
/// Errors:  unknown_xid, unknown_lid, wrapper_msg_mismatch, challenge_mismatch, thumbs_mismatch,
///          signature_failure, decoding_failure.
Result<std::variant<Ordered, Rejected>> accept_preq(const Initiated& purchase,
                                                    const Opened<PReq>& preq, const Party& merchant,
                                                    Instant now);

/// The state as the cardholder sees it: a pure function of it, so that it can be told again.
/// `chall_c` is Chall-C in a PRes, Chall-C2 in an InqRes. CompletionCode as set-1997 §4.3.
PRes make_pres(const PurchaseState& state, std::span<const Authorization> authorizations,
               const Challenge& chall_c);

/// Spec:   set-1997 §3.5: "M checks that it is the certificate of the PReq".
/// Errors: unknown_xid also if it is not, unknown_lid.
Result<void> accept_inq_req(const PurchaseState& state, const Verified<InqReq>& message);

InqRes make_inq_res(const PurchaseState& state, std::span<const Authorization> authorizations,
                    const InqReq& message);

}  // namespace set::merchant
