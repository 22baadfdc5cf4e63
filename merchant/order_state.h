// One purchase of an order, key XID (set-1997 §4.3). An order may see several: each PInitReq begins
// one; at most one of them is paying at any time, which the database itself holds (schema.h).
//
//  state       message in                next        message out
//  (none)      PInitReq, secret fits     Initiated   PInitRes
//  Initiated   PReq, everything fits     Ordered     AuthReq to the gateway (authorization_state.h)
//  Initiated   PReq, order differs       Rejected    PRes orderRejected
//  Ordered     the same PReq             Ordered     PRes
//  Ordered     another PReq              Ordered     PRes orderRejected
//  any         InqReq                    the same    InqRes
#pragma once

#include <variant>

#include "common/message/trans_ids.h"
#include "merchant/order.h"

namespace set::merchant {

/// The merchant said what the order is and which gateway will be asked.
struct Initiated {
  Order order;
  TransIDs ids;
  Digest request_digest;  ///< of the PInitReq's content: a repeat finds its purchase
  Challenge chall_c;
  Challenge chall_m;
  std::string brand;
  std::string bin;
  Thumbprint gateway;        ///< key-exchange certificate, PEThumb of the PInitRes
  Thumbprint merchant = {};  ///< our signature certificate, under which the purchase stays
};

/// What stays of a PReq: its names and the evidence.
struct ReceivedPReq {
  RRPID rrpid;
  Digest content_digest;
  Thumbprint cardholder;  ///< signature certificate
  Digest hoi_data;
  Digest hpi_data;
  Instant valid_until;
  Bytes oi_data;       ///< exact bytes
  Bytes pi_tbs;        ///< Signed, exact bytes: the dual signature
  Bytes certificates;  ///< CertificateBag: the cardholder's chain
};

/// The cardholder's order is taken; what remains is the money.
struct Ordered {
  Initiated initiated;
  ReceivedPReq preq;
  Digest hod;  ///< computed by us, equal to the cardholder's
  Bytes pi;    ///< for the gateway, opaque; empty once the authorisation is decided
};

/// Not what we offered, too late, or paid already.
struct Rejected {
  Initiated initiated;
  ReceivedPReq preq;
};

using PurchaseState = std::variant<Initiated, Ordered, Rejected>;

inline const Initiated& initiated_of(const PurchaseState& state) {
  if (const auto* ordered = std::get_if<Ordered>(&state)) return ordered->initiated;
  if (const auto* rejected = std::get_if<Rejected>(&state)) return rejected->initiated;
  return std::get<Initiated>(state);
}

}  // namespace set::merchant
