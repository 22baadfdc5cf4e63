// One authorisation of an Ordered purchase, key authRRPID (set-1997 §4.3). Sales only so far:
// CaptureNow is always asked for.
//
//  state            message in          next             message out
//  (Ordered)        –                   AwaitingAuthRes  AuthReq
//  AwaitingAuthRes  no answer           AwaitingAuthRes  PRes orderReceived; the same AuthReq
//  AwaitingAuthRes  AuthRes: captured   Captured         PRes capturePerformed
//  AwaitingAuthRes  AuthRes: approved   Authorized       PRes authorizationPerformed
//  AwaitingAuthRes  AuthRes: any other  Declined         PRes authorizationPerformed
//  AwaitingAuthRes  Error               Declined         PRes with AuthCode systemError
#pragma once

#include <variant>

#include "common/message/purchase.h"
#include "common/message/seal.h"

namespace set::merchant {

/// Asked; whatever happens, these bytes are sent until they are answered.
struct AwaitingAuthRes {
  RRPID auth_rrpid;
  Amount amount;
  Request request;
};

struct Authorized {
  RRPID auth_rrpid;
  Amount amount;
  Instant date;
  std::string approval_code;
  Bytes cap_token;     ///< opaque, the gateway's
  Bytes auth_token;    ///< opaque, the gateway's
  Bytes acq_card_msg;  ///< opaque, for the cardholder
  Bytes evidence;      ///< AuthRes as Signed
};

struct Captured {
  Authorized authorized;
  Amount amount;
  Instant date;
};

struct Declined {
  RRPID auth_rrpid;
  AuthCode code;
  Instant date;
  Bytes acq_card_msg;
  Bytes evidence;  ///< empty if the gateway said Error
};

using Decided = std::variant<Authorized, Captured, Declined>;
using Authorization = std::variant<AwaitingAuthRes, Authorized, Captured, Declined>;

inline Authorization authorization_of(Decided decided) {
  return std::visit([](auto&& state) -> Authorization { return std::move(state); },
                    std::move(decided));
}

}  // namespace set::merchant
