// The states of one purchase in the wallet, key LID-C (set-1997 §4.5). A state is a type, so a step
// out of order does not compile. Values; any thread.
//
//  state             message in          next                                     message out
//  (none)            (payment link)      AwaitingPInitRes                         PInitReq
//  AwaitingPInitRes  PInitRes            Offered                                  –
//  Offered           (cardholder's yes)  AwaitingPRes, saved with its bytes       PReq
//  AwaitingPRes      PRes, InqRes        Ordered | Completed                      –
//  AwaitingPRes      Error               Rejected                                 –
//  AwaitingPRes      (resume)            AwaitingPRes                             PReq, the same bytes
//  Ordered           InqRes              Ordered | Completed                      InqReq
//  Completed         InqRes              Completed, younger                       InqReq, at any time
//
// AwaitingPInitRes lives in memory only: nothing is at stake before the PReq. Ordered is a purchase
// whose merchant has the order and not yet its outcome (orderReceived).
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/message/seal.h"

namespace set::wallet {

/// The merchant's two certificates for one brand, and the certificates above them.
struct Merchant {
  Certificate signature;
  Certificate key_exchange;
  std::vector<Certificate> issuers;
};

/// What cardholder and merchant agree on by PInit: shown, hashed into HOD, signed.
struct Offer {
  TransIDs trans_ids;
  Challenge chall_c;
  Challenge chall_m;
  std::string order_description;  ///< OD
  Amount purch_amt;               ///< with a mandate: of all charges together, at most
  std::optional<InstallRecurData> install_recur = std::nullopt;  ///< the mandate asked for
  Instant offer_ends;
  std::string brand;
  std::string address;            ///< the merchant's, from the payment link
  Merchant merchant;
  Certificate gateway;            ///< key exchange
  std::vector<Certificate> gateway_issuers;
  Bytes evidence;                 ///< the merchant's signed PInitRes
  std::int64_t card = 0;          ///< the wallet's number of the card
};

/// What the cardholder signed.
struct Order {
  Offer offer;
  RRPID rrpid;        ///< of the PReq
  Digest hoi_data;
  Digest hpi_data;
  Bytes oi_data;      ///< exact bytes
  Bytes evidence;     ///< the own signed PI-TBS: the dual signature
  Instant ordered_at;
  int sends = 0;      ///< how often the PReq may have left; counted before it leaves
};

struct AwaitingPInitRes {
  LIDC lid_c;
  LIDM lid_m;
  RRPID rrpid;
  Challenge chall_c;
  std::string brand;
  std::string address;
  Merchant merchant;
  std::int64_t card = 0;
};

struct Offered {
  Offer offer;
};

struct AwaitingPRes {
  Order order;
};

struct Ordered {
  Order order;
};

/// What the merchant signed about the outcome.
struct Outcome {
  CompletionCode completion_code = CompletionCode::meaningless_ratio;
  std::optional<AuthStatus> auth_status = std::nullopt;  ///< of the first authorisation
  std::vector<PResPayload> payloads = {};                ///< each authorisation, oldest first
  Challenge challenge;                    ///< Chall-C, or Chall-C2 if it came by InqRes
  bool by_inquiry = false;
  Bytes evidence;                         ///< the signed PRes or InqRes
  Instant answered_at;                    ///< as the merchant signed it

  bool approved() const { return auth_status && auth_status->auth_code == AuthCode::approved; }
};

struct Completed {
  Order order;
  Outcome outcome;
};

/// The merchant said with SET's Error that it did not process the PReq.
struct Rejected {
  Order order;
  ErrorCode code = ErrorCode::unspecified_failure;
};

using PurchaseState = std::variant<Offered, AwaitingPRes, Ordered, Completed, Rejected>;

/// The name of a state, as the store and the screen write it.
std::string_view state_name(const PurchaseState& state);
const Offer& offer_of(const PurchaseState& state);
/// None for Offered.
const Order* order_of(const PurchaseState& state);
/// The cardholder's certificate that signed it, as its evidence says.
Result<Thumbprint> signer_of(const Order& order);

/// A word of ours for log lines.
inline LogField log_field(const PurchaseState& state) {
  return {"state", std::string(state_name(state))};
}

}  // namespace set::wallet
