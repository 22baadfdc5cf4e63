// The wallet's half of a purchase: PInit, P and Inq (set-1997 §3.3 to §3.5; protocol §4). Called by
// service.cpp. Pure: the time and randomness come in as values; any thread.
#pragma once

#include "common/message/dual_signature.h"
#include "common/message/payment_link.h"
#include "wallet/purchase_state.h"

namespace set::wallet {

/// The merchant's certificates among those that it sent: the signature certificate that the link
/// names, the key-exchange certificate of the same brand and merchant, both with a path to the root.
/// Errors: missing_certificate, invalid_certificate, expired_certificate.
Result<Merchant> choose_merchant(std::span<const Certificate> certificates, const Thumbprint& named,
                                 const Trust& trust, Instant now);

/// A message of ours, with what is needed to accept its answer.
struct PInit {
  AwaitingPInitRes next;
  Request message;
};

/// Asks the merchant for its offer.
/// Spec:    set-1997.md §3.3; the order secret and the seal are protocol.md §4 and §2.
/// State:   (none) → AwaitingPInitRes.
/// Secrets: the order secret, which is sealed. `bin` is the card's first six digits.
Result<PInit> make_pinit_req(const PaymentLink& link, const Merchant& merchant, std::int64_t card,
                             const std::string& bin, const Party& self, Instant now, Rng& rng);

/// Accepts the merchant's offer.
/// Spec:    set-1997.md §3.3, C's checks (each sentence stands at its check).
/// State:   AwaitingPInitRes → Offered.
/// Errors:  invalid_certificate, unknown_rrpid, unknown_xid, unknown_lid, challenge_mismatch,
///          wrapper_msg_mismatch, missing_certificate, expired_certificate; conflict if the offer is over.
Result<Offered> accept_pinit_res(AwaitingPInitRes state, const OpenedAnswer<PInitRes>& answer,
                                 const Trust& trust, Instant now);

/// A PReq ready to be saved and sent.
struct SignedOrder {
  AwaitingPRes next;
  Request message;
  SecretBytes card_message_key;  ///< opens AcqCardMsg
};

/// The cardholder's yes: OI, PI and the dual signature over both.
/// Spec:    set-1997.md §3.4, C's construction order; §2.5.
/// State:   Offered → AwaitingPRes.
/// Secrets: account is sealed to the gateway and must hold a fresh EXNonce; card_secret makes TransStain.
/// Errors:  conflict if the offer is over.
Result<SignedOrder> make_preq(const Offered& state, const PANData& account, ByteView card_secret,
                              const Party& cardholder, Instant now, Rng& rng);

/// The merchant has the order; whether it is paid is open or known.
using AfterPRes = std::variant<Ordered, Completed>;

/// Accepts the merchant's answer to the order.
/// Spec:    set-1997.md §3.4, C's checks.
/// State:   AwaitingPRes → Ordered | Completed.
/// Errors:  invalid_certificate, unknown_xid, unknown_rrpid, challenge_mismatch; wrapper_msg_mismatch
///          where a digest, the gateway or the amount is another than ours.
Result<AfterPRes> accept_pres(const Order& order, const Verified<PRes>& pres);

/// An inquiry, and what its answer must repeat.
struct Inquiry {
  Challenge chall_c2;
  RRPID rrpid;
  Request message;
};

/// Spec:    set-1997.md §3.5: with a new RRPID and Chall-C2 each time, signed with the certificate
///          of the PReq.
/// State:   AwaitingPRes | Ordered | Completed, unchanged.
Result<Inquiry> make_inq_req(const Order& order, const Party& cardholder, Instant now, Rng& rng);

/// The merchant knows no PReq of this purchase (orderNotReceived).
struct NotReceived {};
using AfterInqRes = std::variant<NotReceived, Ordered, Completed>;

/// Spec:    set-1997.md §3.5: InqRes = PRes with Chall-C2.
/// State:   AwaitingPRes | Ordered → Ordered | Completed.
/// Errors:  those of accept_pres.
Result<AfterInqRes> accept_inq_res(const Order& order, const Inquiry& inquiry,
                                   const Verified<InqRes>& inq_res);

/// What PRes and InqRes must both repeat of the order; receipts are verified with it too.
Result<void> check_order_repeated(const Order& order, const PRes& pres, const ContentHead& head);

}  // namespace set::wallet
