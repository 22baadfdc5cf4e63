// The life of a PI, the cardholder's payment instruction: it pays once, and what else it allows is
// paid by AuthTokens, one after the other. Key: HPIData (set-1997 §4.4, protocol §7). Values; the
// database holds them (store.h).
//
//  state        what happens                                   next
//  UnusedPI     AuthReq accepted                               InProgressPI(authRRPID)
//  FreeAgainPI  AuthReq accepted, under a new authRRPID        InProgressPI(authRRPID)
//  InProgressPI the acquirer approves                          ConsumedPI
//  InProgressPI the acquirer declines                          FreeAgainPI
//  InProgressPI the acquirer does not answer and is reversed   FreeAgainPI
//  ConsumedPI   AuthReq by its AuthToken accepted              InProgressPI(authRRPID)
//  InProgressPI of an AuthToken, the acquirer approves         ConsumedPI, with a new one if asked
//  InProgressPI of an AuthToken, declined or reversed          ConsumedPI, its AuthToken counts
//  ConsumedPI   all that was authorised is cancelled           FreeAgainPI, its AuthToken is void
//
// The step into InProgressPI is one transaction, taken before the acquirer is asked: of two
// AuthReqs with one PI exactly one gets there.
#pragma once

#include <variant>

#include "common/base/amount.h"
#include "common/base/ids.h"
#include "common/message/install_recur.h"
#include "common/message/trans_ids.h"

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

/// What the gateway keeps of a PI, for authorisations by AuthToken: no card number.
struct Mandate {
  Digest hpi_data;
  Digest hoi_data;
  TransIDs trans_ids;
  std::string merchant_id;
  Amount purch_amt;
  std::int64_t authorized_minor = 0;  ///< Σ, of purch_amt's currency
  std::optional<InstallRecurData> install_recur;
  std::optional<RRPID> credential;  ///< the first approval
  Bytes auth_token;                 ///< the one that may be used; empty: none
  unsigned charges = 0;             ///< authorisations that were not cancelled
  std::optional<Instant> last_charge;
  std::optional<Instant> first_approval;  ///< whatever became of it
  Bytes card_message_key;  ///< sealed (cap_token.h)
};

using PIState = std::variant<UnusedPI, InProgressPI, ConsumedPI, FreeAgainPI>;

/// "Already processed and neither declined nor reversed" (set-1997 §3.6 step 5).
inline bool previously_used(const PIState& state) {
  return std::holds_alternative<InProgressPI>(state) || std::holds_alternative<ConsumedPI>(state);
}

}  // namespace set::gateway
