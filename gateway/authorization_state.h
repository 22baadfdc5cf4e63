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
// A decision is final, and its AuthRes a pure function of it. What becomes of an approval since is
// its Standing, in the same row of the database:
//
//  standing     message in                     next                               message out
//  NothingHeld  AuthRevReq that cancels        NothingHeld                        AuthRevRes
//  Undecided    AuthRevReq that cancels        NothingHeld (Void)                 AuthRevRes
//  Live         AuthRevReq, new amount         Live, less authorised, new token   AuthRevRes
//  Live         AuthRevReq, nothing captured   NothingHeld                        AuthRevRes
//  Live         CapReq                         Live, more captured                CapRes
//  Live         CapReq, final                  Live, final: the rest is released  CapRes
//  Live         CapRevReq                      Live, less captured, not final     CapRevRes
//  Live         CredReq                        Live, more credited                CredRes
//  Live         CredRevReq                     Live, less credited                CredRevRes
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "common/iso8583/message.h"
#include "common/message/authorization.h"

namespace set::gateway {

/// What an AuthReq asks to be told beside the decision.
struct AsksAlso {
  bool card_type = false;     ///< RequestCardTypeInd
  bool address = false;       ///< AVSData is there
  bool batch_status = false;  ///< SaleDetail names the batch
};

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
  bool subsequent_auth_ind = false;
  AsksAlso asks = {};
  std::optional<InstallRecurData> install_recur = std::nullopt;  ///< the PI's mandate
  Bytes used_token = {};                           ///< the AuthToken that stood in for the PI
  std::optional<RRPID> credential = std::nullopt;  ///< iff used_token: whose card
  std::string batch_id = {};                       ///< of a sale: the store's choice, or a wish
  Bytes card_message_key = {};                     ///< sealed (cap_token.h); empty: none
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
  Bytes auth_token = {};    ///< for the next authorisation, if one was said to follow
  Bytes acq_card_msg = {};  ///< sealed to the cardholder
  iso8583::CardNotes notes = {};  ///< what was asked for, and a conversion
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
  Amount captured;  ///< auth_req_amt
  std::string batch_id;
  std::uint32_t batch_sequence_num = 0;  ///< given by the store
};

struct Declined {
  AuthorizationTerms terms;
  AuthCode code;
  Instant auth_date;
  std::optional<RespReason> resp_reason;
  std::string log_ref_id;
  Bytes acq_card_msg = {};
  iso8583::CardNotes notes = {};
};

/// The acquirer did not answer and was told to forget it.
struct Void {
  AuthorizationTerms terms;
  Instant auth_date;
};

using Decided = std::variant<Approved, Captured, Declined, Void>;
using Authorization = std::variant<AwaitingAcquirer, Approved, Captured, Declined, Void>;

/// What stands of an authorisation.
struct Undecided {};    ///< the acquirer's answer is not known
struct NothingHeld {};  ///< declined, void or reversed
/// Minor units of the authorisation's currency.
struct Live {
  std::int64_t authorized_minor = 0;
  std::int64_t captured_minor = 0;
  std::int64_t capturing_minor = 0;  ///< asked for, or being undone: the acquirer has not answered
  std::int64_t credited_minor = 0;
  bool final = false;  ///< the last capture was made
  Bytes cap_token;     ///< the one that counts
  Instant hold_expires;

  std::int64_t left_minor() const { return authorized_minor - captured_minor - capturing_minor; }
};
struct Standing {
  AuthorizationTerms terms;
  std::variant<Undecided, NothingHeld, Live> state;
};

/// As people look at it: the decision, and what has become of it since.
struct Payment {
  Authorization decided;
  Standing standing;
};

inline const AuthorizationTerms& terms_of(const Authorization& authorization) {
  return std::visit([](const auto& state) -> const AuthorizationTerms& { return state.terms; },
                    authorization);
}
inline const AuthorizationTerms& terms_of(const Decided& decided) {
  return std::visit([](const auto& state) -> const AuthorizationTerms& { return state.terms; },
                    decided);
}

}  // namespace set::gateway
