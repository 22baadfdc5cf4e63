#include "common/message/authorization.h"

#include "common/message/auth_status.h"
#include "common/message/authorization_payload.h"
#include "common/message/payment_fields.h"

namespace set {
namespace {

constexpr std::size_t kValidationCodeBytes = 4;

/// Of a fixed number of characters, or left out.
std::string visible_if_any(FieldReader& fields, const std::string& text, std::size_t size,
                           const char* name) {
  return text.empty() ? std::string() : fields.visible(text, size, size, name);
}

wire::CheckDigests to_wire(const CheckDigests& digests) {
  wire::CheckDigests out;
  out.set_hoi_data(digests.hoi_data.str());
  out.set_hod2(digests.hod2.str());
  out.set_hpi_data(digests.hpi_data.str());
  return out;
}

std::optional<CheckDigests> read_check_digests(FieldReader& fields, bool present,
                                               const wire::CheckDigests& digests) {
  if (!present) return std::nullopt;
  return CheckDigests{
      .hoi_data = fields.id<Digest>(digests.hoi_data()),
      .hod2 = fields.id<Digest>(digests.hod2()),
      .hpi_data = fields.id<Digest>(digests.hpi_data()),
  };
}

wire::AuthValCodes to_wire(const AuthValCodes& codes) {
  wire::AuthValCodes out;
  if (codes.auth_char_ind) out.set_auth_char_ind(code_to_wire(*codes.auth_char_ind));
  out.set_validation_code(codes.validation_code);
  out.set_market_spec_data_id(codes.market_spec_data_id);
  return out;
}

AuthValCodes read_auth_val_codes(FieldReader& fields, const wire::AuthValCodes& codes) {
  fields.require(codes.ByteSizeLong() > 0, "empty AuthValCodes are not left out");
  return {
      .auth_char_ind =
          fields.code_if_any(codes.auth_char_ind(), AuthCharInd::incremental_auth, "AuthCharInd"),
      .validation_code =
          visible_if_any(fields, codes.validation_code(), kValidationCodeBytes, "ValidationCode"),
      .market_spec_data_id =
          visible_if_any(fields, codes.market_spec_data_id(), 1, "MarketSpecDataID"),
  };
}

wire::AuthResPayload payload_of(const AuthRes& message) {
  wire::AuthResPayload out;
  write_auth_status({message.auth_date, message.auth_code, message.auth_amt, message.approval_code,
                     message.curr_conv},
                    out);
  if (message.resp_reason) out.set_resp_reason(code_to_wire(*message.resp_reason));
  out.set_log_ref_id(message.log_ref_id);
  if (message.cap_res) *out.mutable_cap_res() = to_wire(*message.cap_res);
  if (message.card_type) out.set_card_type(code_to_wire(*message.card_type));
  if (message.avs_result) out.set_avs_result(code_to_wire(*message.avs_result));
  if (message.auth_val_codes) *out.mutable_auth_val_codes() = to_wire(*message.auth_val_codes);
  if (message.batch_status) *out.mutable_batch_status() = to_wire(*message.batch_status);
  return out;
}

void read_payload(FieldReader& fields, const wire::AuthResPayload& payload, AuthRes& out) {
  auto status = read_auth_status(fields, payload);
  out.auth_code = status.auth_code;
  out.auth_amt = status.auth_amt;
  out.auth_date = status.auth_date;
  out.approval_code = std::move(status.approval_code);
  out.curr_conv = status.curr_conv;
  out.resp_reason =
      fields.code_if_any(payload.resp_reason(), RespReason::stand_in_issuer_request, "RespReason");
  out.card_type = fields.code_if_any(payload.card_type(), CardType::proprietary, "CardType");
  out.avs_result = fields.code_if_any(payload.avs_result(), AVSResult::full_match, "AVSResult");
  if (payload.has_auth_val_codes()) {
    out.auth_val_codes = read_auth_val_codes(fields, payload.auth_val_codes());
  }
  out.batch_status = read_batch_status(fields, payload.has_batch_status(), payload.batch_status());
  out.log_ref_id = fields.visible(payload.log_ref_id(), 0, kMaxReferenceBytes, "LogRefID");
  if (payload.has_cap_res()) out.cap_res = read_cap_res_payload(fields, payload.cap_res());
}

}  // namespace

wire::AuthReqData to_wire(const AuthReq& message) {
  wire::AuthReqData out;
  if (message.check_digests) *out.mutable_check_digests() = to_wire(*message.check_digests);
  write_auth_req_payload(message, *out.mutable_payload());
  if (!message.thumbs.empty()) *out.mutable_m_thumbs() = to_wire(message.thumbs);
  out.set_capture_now(message.capture_now);
  out.set_auth_ret_num(message.auth_ret_num);
  if (message.sale_detail) *out.mutable_sale_detail() = to_wire(*message.sale_detail);
  return out;
}

Result<AuthReq> from_wire(const wire::AuthReqData& message) {
  FieldReader fields;
  AuthReq out{
      .check_digests =
          read_check_digests(fields, message.has_check_digests(), message.check_digests()),
      .auth_req_amt = fields.amount(message.payload().auth_req_amt()),
      .thumbs = fields.thumbs(message.has_m_thumbs(), message.m_thumbs()),
      .capture_now = message.capture_now(),
      .auth_ret_num = fields.visible(message.auth_ret_num(), 0, kMaxReferenceBytes, "AuthRetNum"),
      .sale_detail = read_sale_detail(fields, message.has_sale_detail(), message.sale_detail()),
  };
  read_auth_req_payload(fields, message.payload(), out);
  // "SaleDetail (when CaptureNow or in capture)" (§3.6).
  fields.require(out.capture_now || !out.sale_detail, "there is a SaleDetail but no sale");
  return fields.finish(std::move(out));
}

wire::AuthResData to_wire(const AuthRes& message) {
  wire::AuthResData out;
  out.set_hoi_data(message.hoi_data.str());
  out.set_hpi_data(message.hpi_data.str());
  out.set_merchant(message.merchant.str());
  if (message.purch_amt) *out.mutable_purch_amt() = to_wire(*message.purch_amt);
  *out.mutable_payload() = payload_of(message);
  out.set_pe_thumb(message.pe_thumb.str());
  out.set_auth_ret_num(message.auth_ret_num);
  return out;
}

Result<AuthRes> from_wire(const wire::AuthResData& message) {
  FieldReader fields;
  AuthRes out;
  out.hoi_data = fields.id<Digest>(message.hoi_data());
  out.hpi_data = fields.id<Digest>(message.hpi_data());
  out.merchant = fields.id<Thumbprint>(message.merchant());
  out.purch_amt = fields.amount_if(message.has_purch_amt(), message.purch_amt());
  read_payload(fields, message.payload(), out);
  out.pe_thumb = fields.id<Thumbprint>(message.pe_thumb());
  out.auth_ret_num = fields.visible(message.auth_ret_num(), 0, kMaxReferenceBytes, "AuthRetNum");
  fields.require(out.auth_code != AuthCode::approved || out.purch_amt,
                 "an approval is of a PI that was read");
  fields.require(out.auth_code == AuthCode::approved || !out.cap_res,
                 "what was not approved is not captured");
  return fields.finish(std::move(out));
}

wire::AuthResBaggage to_wire(const AuthResBaggage& baggage) {
  wire::AuthResBaggage out;
  out.set_cap_token(string_of(baggage.cap_token));
  out.set_acq_card_msg(string_of(baggage.acq_card_msg));
  out.set_auth_token(string_of(baggage.auth_token));
  return out;
}

Result<AuthResBaggage> from_wire(const wire::AuthResBaggage& baggage) {
  FieldReader fields;
  return fields.finish(AuthResBaggage{
      .cap_token = fields.bytes(baggage.cap_token(), 0, kMaxOpaqueBytes, "CapToken"),
      .acq_card_msg = fields.bytes(baggage.acq_card_msg(), 0, kMaxOpaqueBytes, "AcqCardMsg"),
      .auth_token = fields.bytes(baggage.auth_token(), 0, kMaxOpaqueBytes, "AuthToken"),
  });
}

}  // namespace set
