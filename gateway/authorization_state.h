// One authorisation of a PI. Key: authRRPID, the RRPID of its AuthReq (set-1997 §4.4).
// Values; the database holds them (store.h).
//
//  state             message in / event             next               message out
//  (none)            AuthReq refused                (none)             AuthRes
//  (none)            AuthReq accepted               AwaitingAcquirer   (the acquirer is asked)
//  AwaitingAcquirer  acquirer approves a sale       Captured           AuthRes, CapResPayload
//  AwaitingAcquirer  acquirer approves, no capture  Approved           AuthRes
//  AwaitingAcquirer  acquirer declines              Declined           AuthRes
//  AwaitingAcquirer  no answer in time, reversed    Void               AuthRes noReply
//  AwaitingAcquirer  process died, AuthReq again    as above           AuthRes
//  AwaitingAcquirer  process died, nobody repeats   as above           (AuthRes is stored)
//
// A decided authorisation is final here, and its AuthRes a pure function of it.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "common/message/authorization.h"

namespace set::gateway {

/// What an AuthReq and its PI agreed on; the same in every state.
struct AuthorizationTerms {
  RRPID auth_rrpid;
  Digest content_digest;  ///< of the AuthReq: the same RRPID with other content is refused
  TransIDs trans_ids;
  Digest hoi_data;
  Digest hpi_data;
  Thumbprint merchant;  ///< signature certificate
  std::string merchant_id;
  Amount purch_amt;     ///< the PI's
  Amount auth_req_amt;  ///< at most purch_amt
  bool capture_now = false;
  std::string auth_ret_num;
};

/// The PI is claimed; the acquirer's answer is not known.
struct AwaitingAcquirer {
  AuthorizationTerms terms;
  Instant received_at;
};

/// What an approval says, captured or not. The amount is auth_req_amt: there are no partial ones.
struct Approval {
  Instant auth_date;
  std::string approval_code;  ///< 6 characters
  std::optional<RespReason> resp_reason;
  std::string log_ref_id;
  Bytes cap_token;
};

/// Approved, not captured: the acquirer holds the amount until hold_expires.
struct Approved {
  AuthorizationTerms terms;
  Approval approval;
  Instant hold_expires;
};

/// A sale: approved and, in the same breath, captured into a batch.
struct Captured {
  AuthorizationTerms terms;
  Approval approval;
  Amount captured;  ///< at most auth_req_amt
  std::string batch_id;
  std::uint32_t batch_sequence_num = 0;  ///< given by the store
};

struct Declined {
  AuthorizationTerms terms;
  AuthCode code;
  Instant auth_date;
  std::optional<RespReason> resp_reason;
  std::string log_ref_id;
};

/// The acquirer did not answer and was told to forget it.
struct Void {
  AuthorizationTerms terms;
  Instant auth_date;
};

using Decided = std::variant<Approved, Captured, Declined, Void>;
using Authorization = std::variant<AwaitingAcquirer, Approved, Captured, Declined, Void>;

inline const AuthorizationTerms& terms_of(const Authorization& authorization) {
  return std::visit([](const auto& state) -> const AuthorizationTerms& { return state.terms; },
                    authorization);
}
inline const AuthorizationTerms& terms_of(const Decided& decided) {
  return std::visit([](const auto& state) -> const AuthorizationTerms& { return state.terms; },
                    decided);
}

}  // namespace set::gateway
