// A capture batch of one merchant. Key: merchant ID and BatchID (set-1997 §4.4). Values; the
// database holds them (store_batches.h).
//
//  state          what happens                                next
//  (none)         BatchAdminReq open, or the first item        Open
//  Open           capture, credit, a reversal of either        Open, with the item in it
//  Open           BatchAdminReq purge                          Open, its items undone
//  Open           BatchAdminReq close, or the day is over      Closed, not settled
//  Closed         an item that was accepted before is done     Closed, not settled
//  Closed         nothing pending, the acquirer agrees         Closed, in balance
//  Closed         nothing pending, the acquirer disagrees      Closed, out of balance
//
// Each merchant has one open batch at most. A closed one takes no new item: a reversal of what is
// in it goes into another, where it counts as money that moves the other way.
#pragma once

#include <string>
#include <vector>

#include "common/iso8583/totals.h"
#include "common/message/batch.h"

namespace set::gateway {

enum class Settlement { none, in_balance, out_of_balance };

/// A BatchAdminReq as it is kept until its answer is stored.
struct BatchRequest {
  Thumbprint merchant;  ///< signature certificate
  RRPID rrpid;
  std::string merchant_id;
  Digest content_digest;
  Instant received_at;
  BatchAdminReq message;
};

/// An item as it counts in the batch.
struct BatchItem {
  TransIDs trans_ids;
  RRPID auth_rrpid;
  std::uint32_t sequence_num = 0;  ///< 0: it failed, and has no place
  Amount amount;
  AmountType type = AmountType::debit;
};

struct Batch {
  std::string merchant_id;
  std::string batch_id;
  Instant opened_at;
  std::optional<RRPID> opened_by;  ///< the BatchAdminReq; none: it opened by itself
  std::optional<ClosedWhen> closed;
  std::optional<RRPID> closed_request;
  Settlement settlement = Settlement::none;
  std::vector<BatchTotals> totals;  ///< ascending by currency number
  std::vector<BatchItem> items;     ///< by sequence number, where they were asked for
  std::vector<BatchItem> failed;    ///< accepted into it and refused by the acquirer; likewise
  std::int64_t pending = 0;         ///< items that the acquirer has not answered
};

}  // namespace set::gateway
