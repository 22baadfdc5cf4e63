#include "common/message/authorization.h"

#include "common/message/auth_status.h"
#include "common/message/fields.h"

namespace set {
namespace {

constexpr std::size_t kMaxReferenceBytes = 32;  // AuthRetNum, LogRefID, BatchID
constexpr std::size_t kMerchCatCodeDigits = 4;
constexpr unsigned kCardTypes = 16;  // unavailable 0 … proprietary 15 (§4.2)

wire::CapResPayload to_wire(const CapResPayload& payload) {
  wire::CapResPayload out;
  out.set_cap_code(code_to_wire(payload.cap_code));
  if (payload.cap_amt) *out.mutable_cap_amt() = to_wire(*payload.cap_amt);
  out.set_batch_id(payload.batch_id);
  out.set_batch_sequence_num(payload.batch_sequence_num);
  return out;
}

CapResPayload read_cap_res_payload(FieldReader& fields, const wire::CapResPayload& payload) {
  return {
      .cap_code = fields.code(payload.cap_code(), CapCode::unknown_lid, "CapCode"),
      .cap_amt = fields.amount_if(payload.has_cap_amt(), payload.cap_amt()),
      .batch_id = fields.visible(payload.batch_id(), 0, kMaxReferenceBytes, "BatchID"),
      .batch_sequence_num = payload.batch_sequence_num(),
  };
}

wire::AuthResPayload payload_of(const AuthRes& message) {
  wire::AuthResPayload out;
  write_auth_status({message.auth_date, message.auth_code, message.auth_amt, message.approval_code},
                    out);
  if (message.resp_reason) out.set_resp_reason(code_to_wire(*message.resp_reason));
  out.set_log_ref_id(message.log_ref_id);
  if (message.cap_res) *out.mutable_cap_res() = to_wire(*message.cap_res);
  return out;
}

void read_payload(FieldReader& fields, const wire::AuthResPayload& payload, AuthRes& out) {
  auto status = read_auth_status(fields, payload);
  out.auth_code = status.auth_code;
  out.auth_amt = status.auth_amt;
  out.auth_date = status.auth_date;
  out.approval_code = std::move(status.approval_code);
  if (payload.resp_reason() != 0) {
    out.resp_reason =
        fields.code(payload.resp_reason(), RespReason::stand_in_issuer_request, "RespReason");
  }
  fields.require(payload.card_type() <= kCardTypes, "CardType is no code that we know");
  out.log_ref_id = fields.visible(payload.log_ref_id(), 0, kMaxReferenceBytes, "LogRefID");
  if (payload.has_cap_res()) out.cap_res = read_cap_res_payload(fields, payload.cap_res());
}

}  // namespace

wire::AuthReqData to_wire(const AuthReq& message) {
  wire::AuthReqData out;
  out.mutable_check_digests()->set_hoi_data(message.hoi_data.str());
  out.mutable_check_digests()->set_hod2(message.hod2.str());
  out.mutable_check_digests()->set_hpi_data(message.hpi_data.str());
  out.mutable_payload()->set_subsequent_auth_ind(message.subsequent_auth_ind);
  *out.mutable_payload()->mutable_auth_req_amt() = to_wire(message.auth_req_amt);
  out.mutable_payload()->set_merch_cat_code(message.merch_cat_code);
  if (!message.thumbs.empty()) *out.mutable_m_thumbs() = to_wire(message.thumbs);
  out.set_capture_now(message.capture_now);
  out.set_auth_ret_num(message.auth_ret_num);
  return out;
}

Result<AuthReq> from_wire(const wire::AuthReqData& message) {
  FieldReader fields;
  const auto& digests = message.check_digests();
  const auto& payload = message.payload();
  return fields.finish(AuthReq{
      .hoi_data = fields.id<Digest>(digests.hoi_data()),
      .hod2 = fields.id<Digest>(digests.hod2()),
      .hpi_data = fields.id<Digest>(digests.hpi_data()),
      .auth_req_amt = fields.amount(payload.auth_req_amt()),
      .subsequent_auth_ind = payload.subsequent_auth_ind(),
      .merch_cat_code =
          payload.merch_cat_code().empty()
              ? std::string()
              : fields.digits(payload.merch_cat_code(), kMerchCatCodeDigits, "MerchCatCode"),
      .thumbs = fields.thumbs(message.has_m_thumbs(), message.m_thumbs()),
      .capture_now = message.capture_now(),
      .auth_ret_num = fields.visible(message.auth_ret_num(), 0, kMaxReferenceBytes, "AuthRetNum"),
  });
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
