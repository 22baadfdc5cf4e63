// Capture at the merchant: CapReq → CapRes (set-1997 §3.8; protocol §9). One request may capture
// many authorisations. Pure but for the Rng; any thread.
#pragma once

#include "common/message/open.h"
#include "merchant/gateway_certificate.h"
#include "merchant/item_state.h"

namespace set::merchant {

/// Spec:  set-1997 §3.8: "CapTokenSeq is parallel to CapItemSeq"
/// State: the items are asked
Result<Request> make_cap_req(const RRPID& rrpid, std::span<const AskedItem> items,
                             const Asking& asking);

/// Spec:   set-1997 §3.8, M's steps: "find record … per item update"
/// State:  each asked → done | refused
/// Errors: wrapper_msg_mismatch (other items or amounts than were asked), invalid_certificate. All
///         items then stay asked.
Result<std::vector<ItemOutcome>> accept_cap_res(std::span<const AskedItem> items,
                                                const OpenedAnswer<CapRes>& answer,
                                                const GatewayCertificates& gateway);

}  // namespace set::merchant
