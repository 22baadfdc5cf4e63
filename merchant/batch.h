// Batches at the merchant: BatchAdminReq → BatchAdminRes (set-1997 §3.10; protocol §9), and the
// merchant's own sums, by which both sides reconcile. Pure but for the Rng; any thread.
#pragma once

#include "common/message/open.h"
#include "merchant/gateway_certificate.h"
#include "merchant/item_state.h"

namespace set::merchant {

/// What the merchant asks of a batch.
struct BatchAsked {
  std::string batch_id = {};  ///< empty: the open one
  std::optional<BatchOperation> operation = std::nullopt;
  std::uint32_t starting_point = 0;  ///< of the page of details, if they are wanted
  bool details = false;
  bool errors_only = false;  ///< of the details, those that failed
};

/// One line of a batch in the merchant's own books: an item that was done.
struct BatchLine {
  std::string order;
  XID xid;
  Item item;
  std::string batch_id;
  std::uint32_t batch_sequence_num = 0;
  std::string undone_in = {};  ///< batch of what a reversal undoes
};

/// The merchant's own sums of a batch, one for each currency. A reversal lowers the sum of what it
/// undoes if that is in the same batch, and counts on the other side if that batch is closed.
std::vector<BatchTotals> totals_of(std::span<const BatchLine> lines);

/// With `own`, the merchant's sums, the gateway reconciles.
///
/// Spec: set-1997 §3.10: "BatchStatus sent by M = reconciliation data"
Result<Request> make_batch_admin_req(const RRPID& rrpid, const BatchAsked& asked,
                                     const std::optional<BatchStatus>& own, const Asking& asking);

/// Spec:   set-1997 §3.10
/// Errors: wrapper_msg_mismatch (another batch's), invalid_certificate.
Result<BatchAdminRes> accept_batch_admin_res(const BatchAsked& asked,
                                             const OpenedAnswer<BatchAdminRes>& answer,
                                             const GatewayCertificates& gateway);

}  // namespace set::merchant
