// One authorisation of an Ordered purchase, key authRRPID (set-1997 §4.3), and the captures and
// credits that follow it (item_state.h). A purchase has several if its terms say so (order.h), one
// after the other. Values; any thread.
//
//  state            what happens                     next             message out
//  (Ordered)        PReq; `authorize`, by AuthToken  AwaitingAuthRes  AuthReq
//  AwaitingAuthRes  no answer                        AwaitingAuthRes  the same AuthReq
//  AwaitingAuthRes  AuthRes: captured                Captured
//  AwaitingAuthRes  AuthRes: approved                Authorized
//  AwaitingAuthRes  AuthRes: any other               Declined
//  AwaitingAuthRes  Error                            Declined, with systemError
//  AwaitingAuthRes  no answer for long               GivenUp          AuthRevReq that cancels
//  GivenUp          AuthRevRes: approved             Reversed, with noReply
//  GivenUp          AuthRevRes: any other; Error     AwaitingAuthRes  the same AuthReq
//  Authorized       AuthRevRes: less                 Authorized
//  Authorized       AuthRevRes: cancelled            Reversed
//  Authorized       CapRes: success                  Captured
//  Captured         CapRes, CredRes, CredRevRes      Captured
//  Captured         CapRevRes: nothing is left       Authorized
//
// While Authorized or Captured waits for an answer, its item is Asked, and nothing else may be
// asked of it.
#pragma once

#include <variant>
#include <vector>

#include "common/message/authorization.h"
#include "common/message/seal.h"

namespace set::merchant {

/// What an AuthReq asks for: enough to make it again in younger bytes.
struct AuthAsked {
  RRPID auth_rrpid;
  Amount amount;
  bool capture_now = true;   ///< a sale
  bool more_follow = false;  ///< SubsequentAuthInd: an AuthToken is wanted
  Bytes auth_token = {};     ///< used instead of the PI, if not empty
  std::string batch_id = {};  ///< a sale's, if it is named; its status is then told too
};

/// Asked; whatever happens, these bytes are sent until they are answered.
struct AwaitingAuthRes : AuthAsked {
  Request request;  ///< no bytes yet: `authorize` wants it, the daemon makes it
};

/// Asked for so long that the merchant would rather cancel; that is asked now.
struct GivenUp : AuthAsked {};

/// What the issuer said beside its decision, where it was asked.
struct AuthNotes {
  std::optional<AVSResult> avs_result = std::nullopt;
  std::optional<CardType> card_type = std::nullopt;
};

struct Authorized {
  RRPID auth_rrpid;
  Amount amount;
  Instant date;
  std::string approval_code;
  Bytes cap_token;     ///< opaque, the gateway's
  Bytes auth_token;    ///< opaque, the gateway's: of the purchase, for its next authorisation
  Bytes acq_card_msg;  ///< opaque, for the cardholder
  Bytes evidence;      ///< AuthRes as Signed
  std::optional<CurrConv> curr_conv = std::nullopt;
  AuthNotes notes = {};
};

/// A credit that was done and not reversed.
struct Credited {
  Amount amount;
  Instant date;
};

struct Captured {
  Authorized authorized;
  Amount amount;  ///< of all captures, less those reversed
  Instant date;   ///< of the last
  std::string batch_id = {};
  std::uint32_t batch_sequence_num = 0;
  std::vector<Credited> credits = {};
  std::optional<BatchStatus> batch_status = std::nullopt;  ///< as a sale's AuthRes told it
};

struct Declined {
  RRPID auth_rrpid;
  AuthCode code;
  Instant date;
  Bytes acq_card_msg;
  Bytes evidence;         ///< empty if the gateway said Error
  Bytes auth_token = {};  ///< a new one, if the one that was used is used up
  AuthNotes notes = {};
};

/// Cancelled: nothing is authorised.
struct Reversed {
  RRPID auth_rrpid;
  AuthCode code;  ///< as the cardholder hears it (ADR 0033)
  Instant date;
};

/// What an AuthRes brings.
using Decided = std::variant<Authorized, Captured, Declined>;
using Authorization =
    std::variant<AwaitingAuthRes, GivenUp, Authorized, Captured, Declined, Reversed>;

inline Authorization authorization_of(Decided decided) {
  return std::visit([](auto&& state) -> Authorization { return std::move(state); },
                    std::move(decided));
}

}  // namespace set::merchant
