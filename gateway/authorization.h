// Authorisation at the gateway: AuthReq in, AuthRes out (set-1997 §3.6; protocol §4).
// Called by service.cpp, which asks the store and the acquirer in between. Pure but for the Rng;
// any thread.
#pragma once

#include "common/message/dual_signature.h"
#include "common/message/open.h"
#include "gateway/acquirer.h"
#include "gateway/authorization_state.h"
#include "gateway/pi_state.h"

namespace set::gateway {

/// What the operator decided about this gateway.
struct GatewayTerms {
  std::string acquirer_bin;  ///< merchants of this acquirer, and no others
  bool capture_now = true;   ///< sales, or authorisations alone
  /// How long after the first approval an AuthToken counts that no mandate gives an end.
  Duration token_life = std::chrono::hours(24 * 180);
  // What AcqCardMsg tells cardholders; nothing where it is empty.
  std::string message_of_day = {};
  std::string customer_service = {};  ///< a telephone number, for who was not approved
};

/// A business "no" before the acquirer was asked. Nothing is stored for it but the answer.
struct Refused {
  AuthCode code;
  std::optional<Amount> purch_amt;  ///< absent where the PI is not for this merchant's eyes
  Digest hoi_data = {};
  Digest hpi_data = {};
};
Refused refused(AuthCode code, const AuthorizationTerms& terms);

/// "Verify M: chain, type mer, brand, merchantID known to the acquirer": chain and type are checked
/// already in Verified<T>, the rest here.
/// Errors: invalid_certificate.
Result<void> check_merchant(const Certificate& merchant, const Party& self,
                            const GatewayTerms& gateway);

/// Accepts a merchant's request to authorise, with the PI already opened and bound to the
/// cardholder's signature (open_pi), and the PI's state as the store has it.
///
/// Spec:    set-1997.md §3.6, P's processing 1 to 10; protocol.md §4
/// State:   (none) → AwaitingAcquirer.
/// Errors:  invalid_certificate (not our merchant), decoding_failure (no TransIDs),
///          signature_failure (the card is not the certificate's). All else is Refused.
Result<std::variant<AwaitingAcquirer, Refused>> accept_auth_req(
    const Verified<AuthReq>& auth_req, const OpenedPI& pi, const PIState& pi_state,
    const Party& self, const GatewayTerms& gateway, Instant now);

/// Accepts a request to authorise by AuthToken: a further part, instalment or period of a purchase
/// whose PI was used. `mandate` is what the gateway kept of it, `token` what the merchant sent.
///
/// Spec:    set-1997.md §3.6, P's processing 3 to 10, §3.7; protocol.md §6 (the mandate)
/// State:   (none) → AwaitingAcquirer.
/// Errors:  as accept_auth_req.
Result<std::variant<AwaitingAcquirer, Refused>> accept_auth_req_by_token(
    const Verified<AuthReq>& auth_req, const Mandate& mandate, ByteView token, const Party& self,
    const GatewayTerms& gateway, Instant now);

/// An AuthReq under a known authRRPID, which handle() has no stored answer for (the process died
/// in between): it must be the same one.
/// Errors: bad_message_header.
Result<void> accept_repeat(const Authorization& known, const Verified<AuthReq>& auth_req);

/// State: AwaitingAcquirer → Approved | Captured | Declined.
Decided accept_acquirer_answer(AwaitingAcquirer waiting, const AcquirerAnswer& answer,
                               const GatewayTerms& gateway, ByteView token_key, Instant now,
                               Rng& rng);
/// State: AwaitingAcquirer → Void, after the reversal.
Decided accept_no_reply(AwaitingAcquirer waiting, Instant now);

/// An AuthRes with what stands beside it.
struct MadeAuthRes {
  AuthRes message;
  AuthResBaggage baggage;
};

/// The answer of a decided authorisation: the same for the same state, whenever it is made.
/// pe_thumb is the gateway's current key-exchange certificate.
MadeAuthRes make_auth_res(const Decided& decided, const Thumbprint& pe_thumb);
MadeAuthRes make_auth_res(const Refused& refused, const Verified<AuthReq>& auth_req,
                          const Thumbprint& pe_thumb, Instant now);

}  // namespace set::gateway
