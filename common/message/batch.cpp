#include "common/message/batch.h"

#include "common/message/payment_fields.h"

namespace set {
namespace {

constexpr std::uint32_t kMaxStartingPoint = 1'000'000'000;

wire::TransactionDetail to_wire(const TransactionDetail& detail) {
  wire::TransactionDetail out;
  *out.mutable_trans_ids() = to_wire(detail.trans_ids);
  out.set_auth_rrpid(detail.auth_rrpid.str());
  out.set_brand_id(detail.brand);
  out.set_batch_sequence_num(detail.batch_sequence_num);
  *out.mutable_transaction_amt() = to_wire(detail.transaction_amt);
  out.set_amount_type(code_to_wire(detail.amount_type));
  if (detail.transaction_status) {
    out.set_transaction_status(code_to_wire(*detail.transaction_status));
  }
  return out;
}

TransactionDetail read_transaction_detail(FieldReader& fields,
                                          const wire::TransactionDetail& detail) {
  return {
      .trans_ids = fields.take(from_wire(detail.trans_ids())),
      .auth_rrpid = fields.id<RRPID>(detail.auth_rrpid()),
      .brand = fields.brand(detail.brand_id()),
      .batch_sequence_num = detail.batch_sequence_num(),
      .transaction_amt = fields.amount(detail.transaction_amt()),
      .amount_type = fields.code(detail.amount_type(), AmountType::debit, "AmountType"),
      .transaction_status = fields.code_if_any(
          detail.transaction_status(), TransactionStatus::unspecified_failure, "TransactionStatus"),
  };
}

wire::TransDetails to_wire(const TransDetails& details) {
  wire::TransDetails out;
  out.set_next_starting_point(details.next_starting_point);
  for (const auto& item : details.items) *out.add_items() = to_wire(item);
  return out;
}

std::optional<TransDetails> read_trans_details(FieldReader& fields, bool present,
                                               const wire::TransDetails& details) {
  if (!present) return std::nullopt;
  const auto item = [&](const wire::TransactionDetail& detail) {
    return read_transaction_detail(fields, detail);
  };
  return TransDetails{
      .next_starting_point =
          fields.number(details.next_starting_point(), 0, kMaxStartingPoint, "NextStartingPoint"),
      .items = fields.list(details.items(), 0, kMaxPaymentItems, "TransactionDetails", item),
  };
}

std::optional<ReturnTransactionDetail> read_return_detail(
    FieldReader& fields, bool present, const wire::ReturnTransactionDetail& detail) {
  if (!present) return std::nullopt;
  return ReturnTransactionDetail{
      .starting_point =
          fields.number(detail.starting_point(), 0, kMaxStartingPoint, "StartingPoint"),
      .maximum_items = fields.number(detail.maximum_items(), 1, kMaxPaymentItems, "MaximumItems"),
      .errors_only = detail.errors_only_ind(),
      .brand = detail.brand_id().empty() ? std::string() : fields.brand(detail.brand_id()),
  };
}

SettlementInfo read_settlement_info(FieldReader& fields, const wire::SettlementInfo& info) {
  return {
      .amount = fields.amount(info.amount()),
      .amount_type = fields.code(info.amount_type(), AmountType::debit, "SettlementType"),
      .account = fields.visible(info.account(), 0, kMaxReferenceBytes, "SettlementAccount"),
      .deposit_date = fields.instant(info.deposit_date_ms(), "SettlementDepositDate"),
  };
}

void check_batch_admin_req(FieldReader& fields, const BatchAdminReq& message) {
  const bool reconciles = message.batch_status || message.trans_details;
  fields.require(message.operation || message.return_batch_summary ||
                     message.return_transaction_detail || reconciles,
                 "a BatchAdminReq asks for nothing");
  const bool ends_one = message.operation && *message.operation != BatchOperation::open;
  fields.require(!message.batch_id.empty() || !(ends_one || reconciles),
                 "purge, close and reconciliation are of a batch that is named");
  fields.require(!message.batch_status || message.batch_status->batch_id == message.batch_id,
                 "the BatchStatus is another batch's");
}

}  // namespace

wire::BatchAdminReqData to_wire(const BatchAdminReq& message) {
  wire::BatchAdminReqData out;
  out.set_batch_id(message.batch_id);
  for (const auto& item : message.brands_and_bins) *out.add_brands_and_bins() = to_wire(item);
  if (message.operation) out.set_batch_operation(code_to_wire(*message.operation));
  out.set_return_batch_summary_ind(message.return_batch_summary);
  if (const auto& asked = message.return_transaction_detail) {
    auto& detail = *out.mutable_return_transaction_detail();
    detail.set_starting_point(asked->starting_point);
    detail.set_maximum_items(asked->maximum_items);
    detail.set_errors_only_ind(asked->errors_only);
    detail.set_brand_id(asked->brand);
  }
  if (message.batch_status) *out.mutable_batch_status() = to_wire(*message.batch_status);
  if (message.trans_details) *out.mutable_trans_details() = to_wire(*message.trans_details);
  if (!message.thumbs.empty()) *out.mutable_m_thumbs() = to_wire(message.thumbs);
  return out;
}

Result<BatchAdminReq> from_wire(const wire::BatchAdminReqData& message) {
  FieldReader fields;
  const auto brand_and_bin = [&](const wire::BrandAndBIN& item) {
    return read_brand_and_bin(fields, item);
  };
  BatchAdminReq out{
      .batch_id = fields.visible(message.batch_id(), 0, kMaxReferenceBytes, "BatchID"),
      .brands_and_bins = fields.list(message.brands_and_bins(), 0, kMaxBrandsAndBINs,
                                     "BrandAndBINSeq", brand_and_bin),
      .operation =
          fields.code_if_any(message.batch_operation(), BatchOperation::close, "BatchOperation"),
      .return_batch_summary = message.return_batch_summary_ind(),
      .return_transaction_detail = read_return_detail(
          fields, message.has_return_transaction_detail(), message.return_transaction_detail()),
      .batch_status = read_batch_status(fields, message.has_batch_status(), message.batch_status()),
      .trans_details =
          read_trans_details(fields, message.has_trans_details(), message.trans_details()),
      .thumbs = fields.thumbs(message.has_m_thumbs(), message.m_thumbs()),
  };
  check_batch_admin_req(fields, out);
  return fields.finish(std::move(out));
}

wire::BatchAdminResData to_wire(const BatchAdminRes& message) {
  wire::BatchAdminResData out;
  out.set_batch_id(message.batch_id);
  out.set_ba_status(code_to_wire(message.ba_status));
  if (message.batch_status) *out.mutable_batch_status() = to_wire(*message.batch_status);
  if (message.transmission_status) {
    out.set_transmission_status(code_to_wire(*message.transmission_status));
  }
  for (const auto& info : message.settlement_info) {
    auto& added = *out.add_settlement_info();
    *added.mutable_amount() = to_wire(info.amount);
    added.set_amount_type(code_to_wire(info.amount_type));
    added.set_account(info.account);
    added.set_deposit_date_ms(to_millis(info.deposit_date));
  }
  if (message.trans_details) *out.mutable_trans_details() = to_wire(*message.trans_details);
  out.set_pe_thumb(message.pe_thumb.str());
  return out;
}

Result<BatchAdminRes> from_wire(const wire::BatchAdminResData& message) {
  FieldReader fields;
  const auto info = [&](const wire::SettlementInfo& item) {
    return read_settlement_info(fields, item);
  };
  BatchAdminRes out{
      .batch_id = fields.visible(message.batch_id(), 0, kMaxReferenceBytes, "BatchID"),
      .ba_status = fields.code(message.ba_status(), BAStatus::unknown_batch_operation, "BAStatus"),
      .batch_status = read_batch_status(fields, message.has_batch_status(), message.batch_status()),
      .transmission_status =
          fields.code_if_any(message.transmission_status(),
                             TransmissionStatus::completed_with_item_errors, "TransmissionStatus"),
      .settlement_info =
          fields.list(message.settlement_info(), 0, kMaxBatchCurrencies, "SettlementInfo", info),
      .trans_details =
          read_trans_details(fields, message.has_trans_details(), message.trans_details()),
      .pe_thumb = fields.id<Thumbprint>(message.pe_thumb()),
  };
  fields.require(!out.batch_status || out.batch_status->batch_id == out.batch_id,
                 "the BatchStatus is another batch's");
  fields.require(!out.batch_id.empty() || out.ba_status != BAStatus::success,
                 "a success is of a batch that is named");
  require_ascending(
      fields, out.settlement_info,
      [](const SettlementInfo& item) { return item.amount.currency(); },
      "settlements do not ascend by currency");
  return fields.finish(std::move(out));
}

}  // namespace set
