// Reversal of an authorisation that is not captured yet: the structs of AuthRevReq and AuthRevRes
// (set-1997 §3.6; protocol §9; ADR 0028). Pure.
#pragma once

#include <optional>
#include <string>

#include "common/base/amount.h"
#include "common/message/trans_ids.h"
#include "set/v1/authorization.pb.h"

namespace set {

/// SET's numbers (set-1997 §4.2); on the wire plus one.
enum class AuthRevCode {
  approved = 0,
  unspecified_failure = 1,
  no_reply = 2,
  amount_error = 3,
  expired_card = 4,
  invalid_transaction = 5,
  system_error = 6,
  missing_cap_token = 7,
  invalid_cap_token = 8,
  invalid_amount = 9
};
std::string_view to_string(AuthRevCode code);  ///< SET's spelling, "missingCapToken"
inline LogField log_field(AuthRevCode code) {
  return {"auth_rev_code", std::string(to_string(code))};
}

/// AuthRevReq, merchant → gateway, EncB: signed, AuthRevReqBaggage beside it. TransIDs in the
/// header.
struct AuthRevReq {
  RRPID auth_rrpid;                    ///< the AuthReq's
  std::optional<Amount> auth_new_amt;  ///< none: the authorisation is cancelled
  std::string auth_ret_num;
  Thumbs thumbs;
};
struct AuthRevReqBaggage {
  Bytes cap_token;  ///< empty only to cancel an authorisation whose AuthRes never came
};

/// AuthRevRes, gateway → merchant, under the reply key; AuthRevResBaggage beside it.
struct AuthRevRes {
  AuthRevCode auth_rev_code = AuthRevCode::unspecified_failure;
  RRPID auth_rrpid;
  std::optional<Amount> auth_new_amt;  ///< what is authorised now; none: nothing, or not approved
  Instant auth_rev_date;
  std::string log_ref_id;
  Thumbprint pe_thumb;
  std::string auth_ret_num;
};
/// They replace the merchant's; without them it drops what it has.
struct AuthRevResBaggage {
  Bytes cap_token_new;
  Bytes auth_token_new;
};

wire::AuthRevReqData to_wire(const AuthRevReq& message);
Result<AuthRevReq> from_wire(const wire::AuthRevReqData& message);
wire::AuthRevReqBaggage to_wire(const AuthRevReqBaggage& baggage);
Result<AuthRevReqBaggage> from_wire(const wire::AuthRevReqBaggage& baggage);
wire::AuthRevResData to_wire(const AuthRevRes& message);
Result<AuthRevRes> from_wire(const wire::AuthRevResData& message);
wire::AuthRevResBaggage to_wire(const AuthRevResBaggage& baggage);
Result<AuthRevResBaggage> from_wire(const wire::AuthRevResBaggage& baggage);

}  // namespace set
