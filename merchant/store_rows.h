// From rows to states, for store.cpp. The column lists and the functions that read them stand here
// together.
#pragma once

#include "merchant/store.h"

namespace set::merchant {

inline constexpr std::string_view kOrderColumns =
    "o.id, o.secret_digest, o.description, o.currency, o.amount, o.created_at, o.expires_at";
Result<Order> order_of(const Row& row);

/// After kOrderColumns in the same row.
inline constexpr std::string_view kPurchaseColumns =
    "p.xid, p.state, p.request_digest, p.lid_c, p.language, p.chall_c, p.chall_m, p.brand, p.bin, "
    "p.gateway,"
    " p.initiated_at, p.rrpid, p.content_digest, p.cardholder, p.hoi_data, p.hpi_data, p.hod, "
    "p.valid_until,"
    " p.oi_data, p.pi_tbs, p.certificates, p.pi";
Result<PurchaseState> purchase_of(const Row& row);

inline constexpr std::string_view kAuthorizationColumns =
    "auth_rrpid, state, currency, requested, authorized, captured, auth_req, pending_reply, "
    "decided_at, auth_code,"
    " approval_code, cap_token, auth_token, acq_card_msg, auth_res";
Result<Authorization> authorization_of(const Row& row);

inline constexpr std::string_view kPaymentColumns =
    "p.xid, p.initiated_at, a.state, a.currency, a.authorized, a.captured, a.auth_code, "
    "a.approval_code,"
    " a.decided_at";
Result<PaymentSummary> payment_of(const Row& row);

}  // namespace set::merchant
