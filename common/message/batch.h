// Batches: the structs of BatchAdminReq and BatchAdminRes, and BatchStatus, which other answers
// carry too (set-1997 §3.10; protocol §9). Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/amount.h"
#include "common/message/gateway_certificate.h"
#include "common/message/trans_ids.h"
#include "set/v1/batch.pb.h"

namespace set {

inline constexpr int kMaxPaymentItems =
    64;  ///< of CapReq, CapRevReq, CredReq, CredRevReq, TransDetails
inline constexpr int kMaxBatchCurrencies = 16;

/// SET's numbers (set-1997 §3.10, §4.2); on the wire plus one.
enum class ClosedBy { merchant = 0, acquirer = 1 };
enum class BatchOperation { open = 0, purge = 1, close = 2 };
enum class AmountType {
  credit = 0,
  debit = 1
};  ///< credit: to the cardholder; in a settlement, to the merchant
enum class TransactionStatus { success = 0, unspecified_failure = 1 };
enum class BAStatus {
  success = 0,
  brand_not_supported = 1,
  unknown_bin = 2,
  batch_id_unavailable = 3,
  batch_already_open = 4,
  unknown_batch_id = 5,
  totals_out_of_balance = 6,
  unspecified_failure = 7,
  brand_batch_mismatch = 8,
  unknown_starting_point = 9,
  stop_item_detail = 10,
  unknown_batch_operation = 11
};
enum class TransmissionStatus {
  pending = 0,
  in_progress = 1,
  batch_rejected_by_acquirer = 2,
  completed_successfully = 3,
  completed_with_item_errors = 4
};
std::string_view to_string(BatchOperation operation);  ///< SET's spelling, "purge"
std::string_view to_string(BAStatus status);
std::string_view to_string(TransmissionStatus status);
inline LogField log_field(BAStatus status) { return {"ba_status", std::string(to_string(status))}; }

/// The money of one currency in a batch. An amount is there iff its count is not zero.
struct BatchTotals {
  Currency currency;
  std::uint32_t credit_count = 0;  ///< credits, less those reversed
  std::optional<Amount> credit_total;
  std::uint32_t debit_count = 0;  ///< captures, less those reversed
  std::optional<Amount> debit_total;
  bool operator==(const BatchTotals&) const = default;
};
struct ClosedWhen {
  ClosedBy by;
  Instant date;
  bool operator==(const ClosedWhen&) const = default;
};
struct BatchStatus {
  std::string batch_id;
  Instant open_date;
  std::optional<ClosedWhen> closed_when;  ///< none: it is open
  std::vector<BatchTotals> totals;        ///< ascending by currency number, each once
  bool operator==(const BatchStatus&) const = default;
};

/// A page of the items of a batch.
struct ReturnTransactionDetail {
  std::uint32_t starting_point = 0;  ///< 0: the first
  std::uint32_t maximum_items = 1;   ///< 1 to kMaxPaymentItems
  bool errors_only = false;
  std::string brand;  ///< empty: any
};
struct TransactionDetail {
  TransIDs trans_ids;
  RRPID auth_rrpid;
  std::string brand;
  std::uint32_t batch_sequence_num = 0;
  Amount transaction_amt;
  AmountType amount_type = AmountType::debit;
  std::optional<TransactionStatus> transaction_status;
};
struct TransDetails {
  std::uint32_t next_starting_point = 0;  ///< 0: there is no more
  std::vector<TransactionDetail> items;
};

/// BatchAdminReq, merchant → gateway: an operation, a question, or both. With the merchant's own
/// batch_status or trans_details the gateway reconciles. No TransIDs in the header.
struct BatchAdminReq {
  std::string batch_id;  ///< empty: the one that is open; required to purge, to close, to reconcile
  std::vector<BrandAndBIN> brands_and_bins;
  std::optional<BatchOperation> operation;
  bool return_batch_summary = false;
  std::optional<ReturnTransactionDetail> return_transaction_detail;
  std::optional<BatchStatus> batch_status;  ///< of this batch_id
  std::optional<TransDetails> trans_details;
  Thumbs thumbs;
};

struct SettlementInfo {
  Amount amount;
  AmountType amount_type = AmountType::credit;
  std::string account;
  Instant deposit_date;
};

/// BatchAdminRes, gateway → merchant, under the reply key.
struct BatchAdminRes {
  std::string batch_id;  ///< empty iff there is no such batch to name
  BAStatus ba_status = BAStatus::unspecified_failure;
  std::optional<BatchStatus> batch_status;  ///< of this batch_id: the gateway's own, which counts
  std::optional<TransmissionStatus> transmission_status;
  std::vector<SettlementInfo> settlement_info;  ///< ascending by currency number, each once
  std::optional<TransDetails> trans_details;
  Thumbprint pe_thumb;
};

wire::BatchStatus to_wire(const BatchStatus& status);
Result<BatchStatus> from_wire(const wire::BatchStatus& status);
wire::BatchAdminReqData to_wire(const BatchAdminReq& message);
Result<BatchAdminReq> from_wire(const wire::BatchAdminReqData& message);
wire::BatchAdminResData to_wire(const BatchAdminRes& message);
Result<BatchAdminRes> from_wire(const wire::BatchAdminResData& message);

}  // namespace set
