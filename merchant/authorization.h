// Authorisation at the merchant: AuthReq → AuthRes (set-1997 §3.6; protocol §4). Pure but for the
// Rng; any thread.
#pragma once

#include "merchant/authorization_state.h"
#include "merchant/gateway_certificate.h"
#include "merchant/order_state.h"

namespace set::merchant {

/// What an order's terms make of its first authorisation.
AuthAsked first_authorization(const Order& order, const RRPID& auth_rrpid);

/// Asks for the money of an order, or of a part of it. Called again with the same authRRPID only if
/// the gateway says that the bytes have become too old: it then knows by the name that it is the
/// same authorisation.
///
/// Spec:  set-1997 §3.6, M's filling rules; CheckDigests = {HOIData, HOD2}, "left out iff PI is an
///        AuthToken"
/// State: Ordered → AwaitingAuthRes
Result<AwaitingAuthRes> make_auth_req(const Ordered& order, const AuthAsked& asked,
                                      const Party& merchant, const GatewayCertificates& gateway,
                                      Instant now, Rng& rng);

/// Spec:   set-1997 §3.6, M's processing; protocol §4 ("AuthRes repeats HOIData, HPIData, merchant
///         and amount"). RRPID and request digest are the opener's.
/// State:  AwaitingAuthRes → Authorized | Captured | Declined
/// Errors: wrapper_msg_mismatch (another purchase's, merchant's or amount's), invalid_certificate
///         (another gateway's), decoding_failure. The authorisation then stays undecided.
Result<Decided> accept_auth_res(const Ordered& order, const AwaitingAuthRes& awaiting,
                                const OpenedAnswer<AuthRes>& answer, const Party& merchant,
                                const GatewayCertificates& gateway);

/// The gateway's Error message: it did nothing and will not. AuthCode systemError.
Decided accept_error(const AuthAsked& asked, Instant now);

}  // namespace set::merchant
