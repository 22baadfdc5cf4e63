// Purchase: the structs of PInitReq/Res, PReq/PRes, InqReq/Res and the digests of the dual signature
// (set-1997 §2.5, §3.3 to §3.5; protocol §4). What arrived is wire::X; what we believe is X:
// from_wire checks every field's form, the rooms check its meaning. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/crypto/digest.h"
#include "common/message/install_recur.h"
#include "common/message/trans_ids.h"
#include "set/v1/purchase.pb.h"

namespace set {

inline constexpr std::size_t kMaxOrderDescriptionBytes = 16 * 1024;
inline constexpr int kMaxPResPayloads = 64;
inline constexpr int kMaxCredStatuses = 64;

/// PInitReq, wallet → merchant, sealed, unsigned. Presents the order secret of the payment link.
struct PInitReq {
  std::string language = "en";
  LIDC lid_c;
  LIDM lid_m;
  Challenge chall_c;
  std::string brand;
  std::string bin;
  OrderSecret order_secret;
  Thumbs thumbs;
};

/// PInitRes, merchant → wallet, signed: the order as the wallet shows, hashes and signs it.
/// TransIDs stand in the content header.
struct PInitRes {
  Challenge chall_c;
  Challenge chall_m;
  Thumbprint pe_thumb;            ///< the gateway's key-exchange certificate, in the bag
  std::string order_description;  ///< OD
  Amount purch_amt;
  Instant offer_ends;
  std::string brand;
  std::optional<InstallRecurData> install_recur = std::nullopt;  ///< the mandate asked for
};

/// HODInput ::= {OD, PurchAmt, ODSalt, [InstallRecurData]}.
struct HODInput {
  std::string od;
  Amount purch_amt;
  ODSalt od_salt;
  std::optional<InstallRecurData> install_recur = std::nullopt;
};
/// HOD = digest("HODInput", canonical bytes).
Digest hod_of(const HODInput& input);

/// OIData: the order half of the dual signature; the merchant reads it, the gateway sees its digest.
struct OIData {
  TransIDs trans_ids;
  RRPID rrpid;
  Challenge chall_c;
  Digest hod;
  ODSalt od_salt;
  Challenge chall_m;
  std::string brand;
  std::string bin;
};

/// PIHead: the payment half without the account; only the gateway reads it.
struct PIHead {
  TransIDs trans_ids;
  Digest hod;
  Amount purch_amt;
  std::string merchant_id;
  Bytes trans_stain;  ///< 48 octets
  std::optional<InstallRecurData> install_recur = std::nullopt;  ///< as in PI-TBS
};

/// PI-OILink: what is sealed to the gateway as the body of the PI.
struct PIOILink {
  Bytes pi_head;           ///< exact bytes of a PIHead
  Digest hoi_data;
  Digest pan_data_digest;  ///< digest("PANData", account block)
};

/// HOIData = digest("OIData", exact bytes).
Digest hoi_data_of(ByteView oi_data);
/// digest("PANData", account block); hiding, since the block holds EXNonce.
Digest pan_data_digest_of(ByteView account_block);
/// HPIData = digest("PIData", length of pi_head as 4 bytes big-endian ‖ pi_head ‖ pan_data_digest).
Digest hpi_data_of(ByteView pi_head, const Digest& pan_data_digest);

/// PReq, wallet → merchant: its signed content is PI-TBS, the dual signature; its baggage is
/// PReqBaggage {OIData, sealed PI}.
struct PReq {
  Digest hpi_data;
  Digest hoi_data;
  Thumbprint gateway;   ///< the gateway's key-exchange certificate
  Thumbprint merchant;  ///< the merchant's signature certificate
  std::string brand;
  Amount purch_amt;
  Instant valid_until;
  std::optional<InstallRecurData> install_recur = std::nullopt;  ///< the mandate given
};

/// SET's numbers (set-1997 §4.2); on the wire plus one.
enum class CompletionCode { meaningless_ratio = 0, order_rejected = 1, order_received = 2, order_not_received = 3,
  authorization_performed = 4, capture_performed = 5, credit_performed = 6, signature_required = 7 };
enum class AuthCode { approved = 0, unspecified_failure = 1, declined = 2, no_reply = 3, call_issuer = 4,
  amount_error = 5, expired_card = 6, invalid_transaction = 7, system_error = 8, pi_previously_used = 9,
  recurring_too_soon = 10, recurring_expired = 11, pi_auth_mismatch = 12, install_recur_mismatch = 13,
  capture_not_supported = 14, signature_required = 15, card_merch_brand_mismatch = 16 };
enum class CapCode { success = 0, unspecified_failure = 1, duplicate_request = 2, auth_expired = 3,
  auth_data_missing = 4, invalid_auth_data = 5, cap_token_missing = 6, invalid_cap_token = 7, batch_unknown = 8,
  batch_closed = 9, unknown_xid = 10, unknown_lid = 11, amount_error = 12 };
/// Of CapRevRes, CredRes and CredRevRes. The last of this and of CapCode are ours (ADR 0028).
enum class CapRevOrCredCode { success = 0, unspecified_failure = 1, duplicate_request = 2, original_processed = 3,
  original_not_found = 4, cap_token_missing = 5, invalid_cap_token = 6, batch_unknown = 7, batch_closed = 8,
  amount_error = 9 };
std::string_view to_string(CompletionCode code);  ///< SET's spelling, "authorizationPerformed"
std::string_view to_string(AuthCode code);
std::string_view to_string(CapCode code);
std::string_view to_string(CapRevOrCredCode code);
inline LogField log_field(CompletionCode code) { return {"completion", std::string(to_string(code))}; }
inline LogField log_field(AuthCode code) { return {"auth_code", std::string(to_string(code))}; }
inline LogField log_field(CapCode code) { return {"cap_code", std::string(to_string(code))}; }
inline LogField log_field(CapRevOrCredCode code) {
  return {"cap_rev_or_cred_code", std::string(to_string(code))};
}

/// What one unit of the amount's currency costs the cardholder: rate · 10^-rate_digits units of
/// card_curr. A note: what is owed is in the amount's own currency.
struct CurrConv {
  std::int64_t rate;             ///< 1 to 10^12, no multiple of 10 if there are digits
  unsigned rate_digits;          ///< 0 to 9
  Currency card_curr;
  bool operator==(const CurrConv&) const = default;
};
/// For people: "1 EUR = 1.0842 USD", of an amount in `from`.
std::string to_string(const CurrConv& note, Currency from);
struct AuthStatus {
  Instant auth_date;
  AuthCode auth_code;
  std::optional<Amount> auth_amt;  ///< iff approved
  std::string approval_code;       ///< 6 characters iff approved
  std::optional<CurrConv> curr_conv = std::nullopt;  ///< of an approval
};
struct CapStatus {
  Instant cap_date;
  CapCode cap_code;
  std::optional<Amount> cap_amt;  ///< iff success
};
/// A credit that was done and not reversed.
struct CredStatus {
  Instant credit_date;
  CapRevOrCredCode credit_code;
  std::optional<Amount> credit_amt;  ///< iff success
};
struct PResPayload {
  RRPID auth_rrpid;
  AuthStatus auth_status;
  std::optional<CapStatus> cap_status;
  Bytes acq_card_msg;                          ///< card_message.h; the merchant hands it on unread
  std::vector<CredStatus> cred_status_seq = {};  ///< at most kMaxCredStatuses
};

/// PRes and, with Chall-C2, InqRes: merchant → wallet, signed. hoi_data, hpi_data, gateway and
/// purch_amt are absent iff orderNotReceived.
struct PRes {
  Challenge chall_c;
  CompletionCode completion_code;
  std::optional<Digest> hoi_data;
  std::optional<Digest> hpi_data;
  std::optional<Thumbprint> gateway;
  std::optional<Amount> purch_amt;
  std::vector<PResPayload> payloads;  ///< one per authorisation, at most kMaxPResPayloads
};

/// InqReq, wallet → merchant, signed with the certificate of the PReq. TransIDs in the header.
struct InqReq {
  Challenge chall_c2;
  Thumbs thumbs;
};
/// InqRes is PRes with its own message type, so a type of its own.
struct InqRes {
  PRes state;
};

wire::CurrConv to_wire(const CurrConv& note);
Result<CurrConv> from_wire(const wire::CurrConv& note);
wire::PInitReqData to_wire(const PInitReq& message);
Result<PInitReq> from_wire(const wire::PInitReqData& message);
wire::PInitResData to_wire(const PInitRes& message);
Result<PInitRes> from_wire(const wire::PInitResData& message);
wire::HODInput to_wire(const HODInput& input);
wire::OIData to_wire(const OIData& message);
Result<OIData> from_wire(const wire::OIData& message);
wire::PIHead to_wire(const PIHead& message);
Result<PIHead> from_wire(const wire::PIHead& message);
wire::PIOILink to_wire(const PIOILink& message);
Result<PIOILink> from_wire(const wire::PIOILink& message);
wire::PITBS to_wire(const PReq& message);
Result<PReq> from_wire(const wire::PITBS& message);
wire::PResData to_wire(const PRes& message);
Result<PRes> from_wire(const wire::PResData& message);
wire::InqReqData to_wire(const InqReq& message);
Result<InqReq> from_wire(const wire::InqReqData& message);

}  // namespace set
