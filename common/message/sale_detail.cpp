#include "common/message/sale_detail.h"

#include "common/message/payment_fields.h"

namespace set {
namespace {

constexpr std::size_t kMaxMerOrderNumBytes = 25;
constexpr std::size_t kMaxOrderSummaryBytes = 128;
constexpr std::size_t kMaxCustomerReferenceBytes = 17;

SaleDetail read(FieldReader& fields, const wire::SaleDetail& detail) {
  fields.require(detail.ByteSizeLong() > 0, "an empty SaleDetail is not left out");
  return {
      .batch_id = fields.visible(detail.batch_id(), 0, kMaxReferenceBytes, "BatchID"),
      .batch_sequence_num = detail.batch_sequence_num(),
      .pay_recur_ind =
          fields.code_if_any(detail.pay_recur_ind(), PayRecurInd::other_mail_order, "PayRecurInd"),
      .mer_order_num =
          fields.visible(detail.mer_order_num(), 0, kMaxMerOrderNumBytes, "MerOrderNum"),
      .auth_char_ind =
          fields.code_if_any(detail.auth_char_ind(), AuthCharInd::incremental_auth, "AuthCharInd"),
      .order_summary = fields.text(detail.order_summary(), kMaxOrderSummaryBytes, "OrderSummary"),
      .customer_reference_number =
          fields.visible(detail.customer_reference_number(), 0, kMaxCustomerReferenceBytes,
                         "CustomerReferenceNumber"),
      .customer_service_phone = fields.visible(detail.customer_service_phone(), 0, kMaxPhoneBytes,
                                               "CustomerServicePhone"),
      .ok_to_print_phone_ind = detail.ok_to_print_phone_ind(),
  };
}

}  // namespace

wire::SaleDetail to_wire(const SaleDetail& detail) {
  wire::SaleDetail out;
  out.set_batch_id(detail.batch_id);
  out.set_batch_sequence_num(detail.batch_sequence_num);
  if (detail.pay_recur_ind) out.set_pay_recur_ind(code_to_wire(*detail.pay_recur_ind));
  out.set_mer_order_num(detail.mer_order_num);
  if (detail.auth_char_ind) out.set_auth_char_ind(code_to_wire(*detail.auth_char_ind));
  out.set_order_summary(detail.order_summary);
  out.set_customer_reference_number(detail.customer_reference_number);
  out.set_customer_service_phone(detail.customer_service_phone);
  out.set_ok_to_print_phone_ind(detail.ok_to_print_phone_ind);
  return out;
}

Result<SaleDetail> from_wire(const wire::SaleDetail& detail) {
  FieldReader fields;
  auto out = read(fields, detail);
  return fields.finish(std::move(out));
}

std::optional<SaleDetail> read_sale_detail(FieldReader& fields, bool present,
                                           const wire::SaleDetail& detail) {
  if (!present) return std::nullopt;
  return read(fields, detail);
}

wire::CapResPayload to_wire(const CapResPayload& payload) {
  wire::CapResPayload out;
  out.set_cap_code(code_to_wire(payload.cap_code));
  if (payload.cap_amt) *out.mutable_cap_amt() = to_wire(*payload.cap_amt);
  out.set_batch_id(payload.batch_id);
  out.set_batch_sequence_num(payload.batch_sequence_num);
  return out;
}

CapResPayload read_cap_res_payload(FieldReader& fields, const wire::CapResPayload& payload) {
  CapResPayload out{
      .cap_code = fields.code(payload.cap_code(), CapCode::amount_error, "CapCode"),
      .cap_amt = fields.amount_if(payload.has_cap_amt(), payload.cap_amt()),
      .batch_id = fields.visible(payload.batch_id(), 0, kMaxReferenceBytes, "BatchID"),
      .batch_sequence_num = payload.batch_sequence_num(),
  };
  fields.require(out.cap_amt.has_value() == (out.cap_code == CapCode::success),
                 "what was captured has an amount, and nothing else has");
  return out;
}

Result<CapResPayload> from_wire(const wire::CapResPayload& payload) {
  FieldReader fields;
  auto out = read_cap_res_payload(fields, payload);
  return fields.finish(std::move(out));
}

}  // namespace set
