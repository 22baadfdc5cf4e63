// Authorisation: the structs of AuthReq and AuthRes (set-1997 §3.6; protocol §4). Pure.
#pragma once

#include <variant>

#include "common/message/batch.h"
#include "common/message/purchase.h"
#include "common/message/sale_detail.h"
#include "set/v1/authorization.pb.h"

namespace set {

/// SET's numbers (set-1997 §3.6, §4.2); on the wire plus one, but for MerchGroup, which begins
/// with 1.
enum class SpecialProcessing { direct_marketing = 0, preferred_customer = 1 };
enum class CardSuspect { unspecified_reason = 0 };
enum class MerchGroup {
  commercial_travel = 1,
  lodging = 2,
  auto_rental = 3,
  restaurant = 4,
  medical = 5,
  mail_or_phone_order = 6,
  risky_purchase = 7,
  other = 8
};
enum class RespReason {
  issuer = 0,
  stand_in_timeout = 1,
  stand_in_floor_limit = 2,
  stand_in_suppress_inquiries = 3,
  stand_in_issuer_unavailable = 4,
  stand_in_issuer_request = 5
};
enum class CardType {
  unavailable = 0,
  classic = 1,
  gold = 2,
  platinum = 3,
  premier = 4,
  debit = 5,
  pin_based_debit = 6,
  atm = 7,
  electronic_only = 8,
  unspecified_consumer = 9,
  corporate_travel = 10,
  purchasing = 11,
  business = 12,
  unspecified_commercial = 13,
  private_label = 14,
  proprietary = 15
};
enum class AVSResult {
  result_unavailable = 0,
  no_match = 1,
  address_match_only = 2,
  postal_code_match_only = 3,
  full_match = 4
};
std::string_view to_string(CardType type);  ///< SET's spelling, "pinBasedDebit"
std::string_view to_string(AVSResult result);
std::string_view to_string(MerchGroup group);
/// The other way round. invalid_argument, naming the words there are.
Result<CardType> parse_card_type(std::string_view word);
Result<MerchGroup> parse_merch_group(std::string_view word);

/// The cardholder's billing address, for the issuer to compare.
struct AVSData {
  std::string street_address;
  std::string country;  ///< ISO 3166, 3 digits
  std::string city;
  std::string state_province;
  std::string postal_code;
  bool operator==(const AVSData&) const = default;
};

struct MarketAutoAuth {
  std::uint32_t duration = 1;  ///< days of the rental, 1 to 99
  bool operator==(const MarketAutoAuth&) const = default;
};
struct MarketHotelAuth {
  std::uint32_t duration = 1;  ///< days of the stay, 1 to 99
  std::uint32_t prestige = 0;  ///< 100, 500 or 1000; 0 if there is no such programme
  bool operator==(const MarketHotelAuth&) const = default;
};
struct MarketTransportAuth {
  bool operator==(const MarketTransportAuth&) const = default;
};
using MarketSpecAuthData = std::variant<MarketAutoAuth, MarketHotelAuth, MarketTransportAuth>;

/// What a merchant may tell acquirer and issuer beside the amount; nothing of it need be said. The
/// part of AuthReqPayload that a merchant keeps with an order.
struct AuthReqDetails {
  std::string merch_cat_code = {};  ///< 4 digits or empty
  std::optional<AVSData> avs_data = std::nullopt;
  std::optional<SpecialProcessing> special_processing = std::nullopt;
  std::optional<CardSuspect> card_suspect = std::nullopt;
  bool request_card_type = false;
  std::optional<MarketSpecAuthData> market_data = std::nullopt;
  std::optional<MerchGroup> merch_group = std::nullopt;
  bool operator==(const AuthReqDetails&) const = default;
};

/// What the merchant computed on its own, and HPIData as it saw it.
struct CheckDigests {
  Digest hoi_data;
  Digest hod2;
  Digest hpi_data;
};

/// AuthReq, merchant → gateway, EncB: signed, the PI as baggage. Its RRPID is the authRRPID, the
/// name of this authorisation. TransIDs in the header.
struct AuthReq {
  std::optional<CheckDigests> check_digests;  ///< none iff the PI is an AuthToken
  Amount auth_req_amt;
  bool subsequent_auth_ind = false;  ///< more authorisations will follow: an AuthToken is wanted
  Thumbs thumbs;
  bool capture_now = false;
  std::string auth_ret_num;
  std::optional<InstallRecurData> install_recur = std::nullopt;  ///< as in the PI
  std::optional<SaleDetail> sale_detail = std::nullopt;          ///< with capture_now only
  AuthReqDetails details = {};
};

/// The rest of AuthValCodes, beside the approval code: the network's, handed back as they are.
struct AuthValCodes {
  std::optional<AuthCharInd> auth_char_ind;
  std::string validation_code;      ///< 4 characters or empty
  std::string market_spec_data_id;  ///< 1 character or empty
};

/// AuthRes, gateway → merchant, under the reply key; baggage: AuthResBaggage. Repeats HOIData,
/// HPIData, merchant and amount, so it can't be taken for another purchase's.
struct AuthRes {
  Digest hoi_data;
  Digest hpi_data;
  Thumbprint merchant;
  std::optional<Amount> purch_amt;  ///< the PI's; absent if the PI could not be read
  AuthCode auth_code = AuthCode::unspecified_failure;
  std::optional<Amount> auth_amt;  ///< iff approved
  Instant auth_date;
  std::string approval_code;  ///< 6 characters iff approved
  std::optional<RespReason> resp_reason;
  std::string log_ref_id;
  std::optional<CapResPayload> cap_res;  ///< of an approval with CaptureNow
  Thumbprint pe_thumb;
  std::string auth_ret_num;
  std::optional<CurrConv> curr_conv = std::nullopt;  ///< of an approval
  std::optional<CardType> card_type = std::nullopt;  ///< if it was asked for
  std::optional<AVSResult> avs_result = std::nullopt;
  std::optional<AuthValCodes> auth_val_codes = std::nullopt;
  /// Of the batch that a sale is in, if its SaleDetail named it: whoever names it, asks for it.
  std::optional<BatchStatus> batch_status = std::nullopt;
};

/// Opaque to the merchant, which hands them back; AcqCardMsg it hands on to the cardholder.
struct AuthResBaggage {
  Bytes cap_token;
  Bytes acq_card_msg;
  Bytes auth_token;
};

/// Of the payload only what AuthReqDetails has.
wire::AuthReqPayload to_wire(const AuthReqDetails& details);
Result<AuthReqDetails> from_wire(const wire::AuthReqPayload& payload);
wire::AuthReqData to_wire(const AuthReq& message);
Result<AuthReq> from_wire(const wire::AuthReqData& message);
wire::AuthResData to_wire(const AuthRes& message);
Result<AuthRes> from_wire(const wire::AuthResData& message);
wire::AuthResBaggage to_wire(const AuthResBaggage& baggage);
Result<AuthResBaggage> from_wire(const wire::AuthResBaggage& baggage);

}  // namespace set
