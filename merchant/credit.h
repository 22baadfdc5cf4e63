// Capture reversal, credit and credit reversal at the merchant: CapRevReq, CredReq, CredRevReq and
// their answers (set-1997 §3.8; protocol §9). SET gives the three one form, and so they have one
// body here. Pure but for the Rng; any thread.
#pragma once

#include "common/message/open.h"
#include "merchant/gateway_certificate.h"
#include "merchant/item_state.h"

namespace set::merchant {

/// Undoes captures: all of each.
///
/// Spec:  set-1997 §3.8: "Undoes a capture (error correction)"
/// State: the items are asked
Result<Request> make_cap_rev_req(const RRPID& rrpid, std::span<const AskedItem> items,
                                 const Asking& asking);
/// Pays back, in whole or in part, to the account that paid.
Result<Request> make_cred_req(const RRPID& rrpid, std::span<const AskedItem> items,
                              const Asking& asking);
/// Undoes credits: all of each.
Result<Request> make_cred_rev_req(const RRPID& rrpid, std::span<const AskedItem> items,
                                  const Asking& asking);

/// State:  each asked → done | refused
/// Errors: wrapper_msg_mismatch (other items, or another amount than was asked),
///         invalid_certificate. All items then stay asked.
Result<std::vector<ItemOutcome>> accept_cap_rev_res(std::span<const AskedItem> items,
                                                    const OpenedAnswer<CapRevRes>& answer,
                                                    const GatewayCertificates& gateway);
Result<std::vector<ItemOutcome>> accept_cred_res(std::span<const AskedItem> items,
                                                 const OpenedAnswer<CredRes>& answer,
                                                 const GatewayCertificates& gateway);
Result<std::vector<ItemOutcome>> accept_cred_rev_res(std::span<const AskedItem> items,
                                                     const OpenedAnswer<CredRevRes>& answer,
                                                     const GatewayCertificates& gateway);

}  // namespace set::merchant
