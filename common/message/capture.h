// Capture: the structs of CapReq and CapRes (set-1997 §3.8; protocol §9), and CapTokenSeq, which
// the messages of credit.h carry too. Pure.
#pragma once

#include <vector>

#include "common/message/batch.h"
#include "common/message/sale_detail.h"
#include "set/v1/capture.pb.h"

namespace set {

/// One authorisation to be captured, whole or in part.
struct CapItem {
  TransIDs trans_ids;
  RRPID auth_rrpid;
  Instant cap_date;  ///< on the statement
  Amount cap_req_amt;
  std::optional<SaleDetail> sale_detail = std::nullopt;
  bool final_capture = false;  ///< what is left of the authorisation is released
};
/// CapReq, merchant → gateway, EncB: signed, CapTokenSeq beside it. No TransIDs in the header,
/// since the items may be of several purchases. Its RRPID and the authRRPID name each capture from
/// then on.
struct CapReq {
  std::vector<CapItem> items;  ///< 1 to kMaxPaymentItems, each (XID, authRRPID) once
  Thumbs thumbs;
};

struct CapResItem {
  TransIDs trans_ids;
  RRPID auth_rrpid;
  CapResPayload payload;
};
/// CapRes, gateway → merchant, under the reply key: an item for each that was asked, in that order.
struct CapRes {
  std::vector<CapResItem> items;
  std::vector<BatchStatus> batch_status_seq;  ///< of the batches that the items are in, at most 16
  Thumbprint pe_thumb;
};

/// Baggage: one token for each item, in their order; empty where the merchant has none.
struct CapTokenSeq {
  std::vector<Bytes> cap_tokens;
};

wire::CapReqData to_wire(const CapReq& message);
Result<CapReq> from_wire(const wire::CapReqData& message);
wire::CapResData to_wire(const CapRes& message);
Result<CapRes> from_wire(const wire::CapResData& message);
wire::CapTokenSeq to_wire(const CapTokenSeq& tokens);
Result<CapTokenSeq> from_wire(const wire::CapTokenSeq& tokens);

/// The tokens of a request of `items` items, from its baggage.
/// Errors: decoding_failure, also if there are more or fewer.
Result<std::vector<Bytes>> open_cap_token_seq(ByteView baggage, std::size_t items);

}  // namespace set
