// Reversal at the merchant: AuthRevReq → AuthRevRes (set-1997 §3.6; protocol §9). It lowers or
// cancels an authorisation, also one whose AuthRes never came. Pure but for the Rng; any thread.
#pragma once

#include "common/message/authorization_reversal.h"
#include "common/message/open.h"
#include "merchant/gateway_certificate.h"
#include "merchant/item_state.h"

namespace set::merchant {

/// item.item.amount is what is released; AuthNewAmt is what stays.
///
/// Spec:  set-1997 §3.6: "Lowers (AuthNewAmt > 0) or cancels an authorisation not yet captured"
/// State: the item is asked
Result<Request> make_auth_rev_req(const RRPID& rrpid, std::span<const AskedItem> items,
                                  const Asking& asking);

/// Spec:   set-1997 §3.6: "M replaces tokens with the new ones, or drops them on full reversal"
/// State:  asked → done | refused
/// Errors: wrapper_msg_mismatch (another purchase's, authorisation's or amount's),
///         invalid_certificate, decoding_failure. The item then stays asked.
Result<std::vector<ItemOutcome>> accept_auth_rev_res(std::span<const AskedItem> items,
                                                     const OpenedAnswer<AuthRevRes>& answer,
                                                     const GatewayCertificates& gateway);

}  // namespace set::merchant
