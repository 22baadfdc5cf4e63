// Capture reversal, credit and credit reversal: CapRevReq/Res, CredReq/Res, CredRevReq/Res, whose
// form SET gives once as CapRevOrCredReqData and CapRevOrCredResData (set-1997 §3.8; protocol §9).
// Pure.
#pragma once

#include <vector>

#include "common/message/batch.h"
#include "common/message/purchase.h"
#include "set/v1/credit.pb.h"

namespace set {

struct CapRevOrCredReqItem {
  TransIDs trans_ids;
  RRPID auth_rrpid;
  std::optional<RRPID>
      reversed;  ///< what is undone: RRPID of its CapReq, AuthReq (sale) or CredReq
  Instant date;  ///< CapRevOrCredReqDate
  Amount amt;    ///< of a reversal: all of what is undone
  std::string new_batch_id = {};  ///< where the item's own batch is closed; empty: the open one
};
/// Merchant → gateway, EncB: signed, CapTokenSeq (capture.h) beside it. No TransIDs in the header.
struct CapRevOrCredReq {
  std::vector<CapRevOrCredReqItem> items;  ///< 1 to kMaxPaymentItems, each thing once
  Thumbs thumbs;
};
/// Undoes captures; each item says in `reversed` which.
struct CapRevReq : CapRevOrCredReq {
  static constexpr bool kReverses = true;
};
/// Pays back what was captured, to the account that paid; `reversed` is none. Its RRPID and the
/// authRRPID name each credit from then on.
struct CredReq : CapRevOrCredReq {
  static constexpr bool kReverses = false;
};
/// Undoes credits; each item says in `reversed` which.
struct CredRevReq : CapRevOrCredReq {
  static constexpr bool kReverses = true;
};

struct CapRevOrCredResItem {
  TransIDs trans_ids;
  RRPID auth_rrpid;
  std::optional<RRPID> reversed;
  CapRevOrCredCode code = CapRevOrCredCode::unspecified_failure;
  std::optional<Amount> actual_amt;  ///< iff success
  std::string batch_id;
  std::uint32_t batch_sequence_num = 0;
};
/// Gateway → merchant, under the reply key: an item for each that was asked, in that order.
struct CapRevOrCredRes {
  std::vector<CapRevOrCredResItem> items;
  std::vector<BatchStatus> batch_status_seq;  ///< of the batches that the items are in, at most 16
  Thumbprint pe_thumb;
};
struct CapRevRes : CapRevOrCredRes {
  static constexpr bool kReverses = true;
};
struct CredRes : CapRevOrCredRes {
  static constexpr bool kReverses = false;
};
struct CredRevRes : CapRevOrCredRes {
  static constexpr bool kReverses = true;
};

wire::CapRevOrCredReqData to_wire(const CapRevOrCredReq& message);
Result<CapRevOrCredReq> from_wire(const wire::CapRevOrCredReqData& message);
wire::CapRevOrCredResData to_wire(const CapRevOrCredRes& message);
Result<CapRevOrCredRes> from_wire(const wire::CapRevOrCredResData& message);

/// "A reversal names what it undoes; a credit undoes nothing": decoding_failure otherwise.
Result<void> check_reversed(const CapRevOrCredReq& message, bool reverses);
Result<void> check_reversed(const CapRevOrCredRes& message, bool reverses);

}  // namespace set
