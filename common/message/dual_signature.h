// The dual signature (set-1997 §2.5; protocol §4): one signature by the cardholder over PI-TBS, which
// binds the order half (HOIData, read by the merchant) to the payment half (HPIData, read by the
// gateway). Both ends live here, so that they cannot drift apart. Pure but for the Rng; any thread.
#pragma once

#include "common/message/account.h"
#include "common/message/open.h"

namespace set {

/// What the wallet puts into a purchase.
struct PurchaseOrder {
  TransIDs trans_ids;
  RRPID rrpid;                      ///< of the PReq
  Challenge chall_c;                ///< of the PInitReq
  Challenge chall_m;                ///< of the PInitRes
  std::string order_description;    ///< OD, as the merchant signed it in PInitRes
  Amount purch_amt;
  std::string brand;
  Instant valid_until;
  const Certificate& merchant_signature;
  const Certificate& merchant_key_exchange;
  const Certificate& gateway_key_exchange;
  ByteView card_secret;             ///< for TransStain
  std::optional<InstallRecurData> install_recur = std::nullopt;  ///< the mandate, as offered
};

/// A PReq ready to be saved and sent, and the digests that the PRes must repeat.
struct Purchase {
  Request request;
  Digest hoi_data;
  Digest hpi_data;
  SecretBytes card_message_key;  ///< exported from the PI's context, opens AcqCardMsg
  Bytes evidence;                ///< canonical Signed of PI-TBS, for the wallet's receipt
  Bytes oi_data;                 ///< the exact order half, likewise
};

/// SET: PReqDualSigned, in the order of set-1997 §3.4: HODInput, PIHead, PANData, OIData, PI-TBS,
/// the signature, EX to the gateway, then the whole sealed to the merchant.
/// Secrets: account is consumed into the sealed PI; it must hold a fresh EXNonce.
Result<Purchase> make_purchase(const PurchaseOrder& order, const PANData& account, const Party& cardholder,
                               Instant now, Rng& rng);

/// The merchant's view of a PReq's baggage: the order half in the clear, the PI sealed.
struct OpenedOrder {
  OIData oi;
  Bytes oi_data;   ///< the exact bytes
  wire::Sealed pi;
};
/// Parses the baggage and checks what binds it to the signed PI-TBS: HOIData, the TransIDs and RRPID
/// of the header, and that the PI is sealed to the gateway that PI-TBS names.
/// Errors: decoding_failure, signature_failure, wrapper_msg_mismatch.
Result<OpenedOrder> open_order(const Verified<PReq>& preq, ByteView baggage);

/// The PI that the merchant hands on as baggage of its AuthReq. `evidence` is Verified<PReq>::evidence,
/// `chain` the cardholder's certificates.
Bytes make_pi(ByteView evidence, const wire::Sealed& sealed, std::span<const Certificate> chain);

/// "PI ::= < PIDualSigned | AuthToken >": the other choice, for a later authorisation of a purchase.
Bytes make_token_pi(ByteView auth_token);
/// The AuthToken of such a PI; empty if it is a PIDualSigned, for open_pi.
/// Errors: decoding_failure, also if it is both or neither.
Result<Bytes> open_token_pi(ByteView pi);

/// The gateway's view: the payment half opened and bound to the signature.
struct OpenedPI {
  Verified<PReq> pi_tbs;
  PIHead head;
  Bytes pi_head;                 ///< the exact bytes of `head`
  Digest pan_data_digest;        ///< hides the account, and binds it: evidence without a card number
  Digest hoi_data;               ///< the copy linked in the PI
  PANData account;
  SecretBytes card_message_key;  ///< for AcqCardMsg
};
/// Verifies the cardholder's signature and chain, decrypts, checks EX's link and HPIData.
/// That the PI names this gateway shows here, since only then does it decrypt; merchant, amount,
/// time and consumption are the room's to check.
/// Errors: decoding_failure, missing_certificate, …, signature_failure.
Result<OpenedPI> open_pi(ByteView pi, const Party& gateway, Instant now);

}  // namespace set
