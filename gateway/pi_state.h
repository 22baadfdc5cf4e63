// The life of a PI, the cardholder's payment instruction: it pays once. Key: HPIData (set-1997
// §4.4, protocol §7). Values; the database holds them (store.h).
//
//  state        what happens                                   next
//  UnusedPI     AuthReq accepted                               InProgressPI(authRRPID)
//  FreeAgainPI  AuthReq accepted, under a new authRRPID        InProgressPI(authRRPID)
//  InProgressPI the acquirer approves                          ConsumedPI
//  InProgressPI the acquirer declines                          FreeAgainPI
//  InProgressPI the acquirer does not answer and is reversed   FreeAgainPI
//
// The step into InProgressPI is one transaction, taken before the acquirer is asked: of two
// AuthReqs with one PI exactly one gets there.
#pragma once

#include <variant>

#include "common/base/amount.h"
#include "common/base/ids.h"

namespace set::gateway {

struct UnusedPI {};
struct InProgressPI {
  RRPID auth_rrpid;
};
struct ConsumedPI {
  RRPID auth_rrpid;
  Amount authorized;
};
struct FreeAgainPI {};

using PIState = std::variant<UnusedPI, InProgressPI, ConsumedPI, FreeAgainPI>;

/// "Already processed and neither declined nor reversed" (set-1997 §3.6 step 5).
inline bool previously_used(const PIState& state) {
  return std::holds_alternative<InProgressPI>(state) || std::holds_alternative<ConsumedPI>(state);
}

}  // namespace set::gateway
