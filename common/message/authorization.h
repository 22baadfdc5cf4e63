// Authorisation: the structs of AuthReq and AuthRes (set-1997 §3.6; protocol §4). Pure.
#pragma once

#include "common/message/purchase.h"
#include "set/v1/authorization.pb.h"

namespace set {

/// AuthReq, merchant → gateway, EncB: signed, the PI as baggage. Its RRPID is the authRRPID, the
/// name of this authorisation. TransIDs in the header.
struct AuthReq {
  Digest hoi_data;   ///< CheckDigests, computed by the merchant
  Digest hod2;
  Digest hpi_data;
  Amount auth_req_amt;
  bool subsequent_auth_ind = false;
  std::string merch_cat_code;  ///< 4 digits or empty
  Thumbs thumbs;
  bool capture_now = false;
  std::string auth_ret_num;
};

/// SET's RespReason (set-1997 §4.2); on the wire plus one.
enum class RespReason { issuer = 0, stand_in_timeout = 1, stand_in_floor_limit = 2, stand_in_suppress_inquiries = 3,
  stand_in_issuer_unavailable = 4, stand_in_issuer_request = 5 };

struct CapResPayload {
  CapCode cap_code = CapCode::success;
  std::optional<Amount> cap_amt;
  std::string batch_id;
  std::uint32_t batch_sequence_num = 0;
};

/// AuthRes, gateway → merchant, under the reply key; baggage: AuthResBaggage. Repeats HOIData,
/// HPIData, merchant and amount, so it can't be taken for another purchase's.
struct AuthRes {
  Digest hoi_data;
  Digest hpi_data;
  Thumbprint merchant;
  std::optional<Amount> purch_amt;  ///< the PI's; absent if the PI could not be read
  AuthCode auth_code = AuthCode::unspecified_failure;
  std::optional<Amount> auth_amt;   ///< iff approved
  Instant auth_date;
  std::string approval_code;        ///< 6 characters iff approved
  std::optional<RespReason> resp_reason;
  std::string log_ref_id;
  std::optional<CapResPayload> cap_res;
  Thumbprint pe_thumb;
  std::string auth_ret_num;
};

/// Opaque to the merchant, which hands them back.
struct AuthResBaggage {
  Bytes cap_token;
  Bytes acq_card_msg;
  Bytes auth_token;
};

wire::AuthReqData to_wire(const AuthReq& message);
Result<AuthReq> from_wire(const wire::AuthReqData& message);
wire::AuthResData to_wire(const AuthRes& message);
Result<AuthRes> from_wire(const wire::AuthResData& message);
wire::AuthResBaggage to_wire(const AuthResBaggage& baggage);
Result<AuthResBaggage> from_wire(const wire::AuthResBaggage& baggage);

}  // namespace set
