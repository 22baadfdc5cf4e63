#include "common/message/authorization_reversal.h"

#include "common/message/payment_fields.h"

namespace set {

wire::AuthRevReqData to_wire(const AuthRevReq& message) {
  wire::AuthRevReqData out;
  out.set_auth_rrpid(message.auth_rrpid.str());
  if (message.auth_new_amt) *out.mutable_auth_new_amt() = to_wire(*message.auth_new_amt);
  out.set_auth_ret_num(message.auth_ret_num);
  if (!message.thumbs.empty()) *out.mutable_m_thumbs() = to_wire(message.thumbs);
  return out;
}

Result<AuthRevReq> from_wire(const wire::AuthRevReqData& message) {
  FieldReader fields;
  return fields.finish(AuthRevReq{
      .auth_rrpid = fields.id<RRPID>(message.auth_rrpid()),
      .auth_new_amt = fields.amount_if(message.has_auth_new_amt(), message.auth_new_amt()),
      .auth_ret_num = fields.visible(message.auth_ret_num(), 0, kMaxReferenceBytes, "AuthRetNum"),
      .thumbs = fields.thumbs(message.has_m_thumbs(), message.m_thumbs()),
  });
}

wire::AuthRevReqBaggage to_wire(const AuthRevReqBaggage& baggage) {
  wire::AuthRevReqBaggage out;
  out.set_cap_token(string_of(baggage.cap_token));
  return out;
}

Result<AuthRevReqBaggage> from_wire(const wire::AuthRevReqBaggage& baggage) {
  FieldReader fields;
  return fields.finish(AuthRevReqBaggage{
      .cap_token = fields.bytes(baggage.cap_token(), 0, kMaxOpaqueBytes, "CapToken"),
  });
}

wire::AuthRevResData to_wire(const AuthRevRes& message) {
  wire::AuthRevResData out;
  out.set_auth_rev_code(code_to_wire(message.auth_rev_code));
  out.set_auth_rrpid(message.auth_rrpid.str());
  if (message.auth_new_amt) *out.mutable_auth_new_amt() = to_wire(*message.auth_new_amt);
  out.set_auth_rev_date_ms(to_millis(message.auth_rev_date));
  out.set_log_ref_id(message.log_ref_id);
  out.set_pe_thumb(message.pe_thumb.str());
  out.set_auth_ret_num(message.auth_ret_num);
  return out;
}

Result<AuthRevRes> from_wire(const wire::AuthRevResData& message) {
  FieldReader fields;
  AuthRevRes out{
      .auth_rev_code =
          fields.code(message.auth_rev_code(), AuthRevCode::invalid_amount, "AuthRevCode"),
      .auth_rrpid = fields.id<RRPID>(message.auth_rrpid()),
      .auth_new_amt = fields.amount_if(message.has_auth_new_amt(), message.auth_new_amt()),
      .auth_rev_date = fields.instant(message.auth_rev_date_ms(), "the reversal's date"),
      .log_ref_id = fields.visible(message.log_ref_id(), 0, kMaxReferenceBytes, "LogRefID"),
      .pe_thumb = fields.id<Thumbprint>(message.pe_thumb()),
      .auth_ret_num = fields.visible(message.auth_ret_num(), 0, kMaxReferenceBytes, "AuthRetNum"),
  };
  fields.require(out.auth_rev_code == AuthRevCode::approved || !out.auth_new_amt,
                 "a reversal that was not approved changes no amount");
  return fields.finish(std::move(out));
}

wire::AuthRevResBaggage to_wire(const AuthRevResBaggage& baggage) {
  wire::AuthRevResBaggage out;
  out.set_cap_token_new(string_of(baggage.cap_token_new));
  out.set_auth_token_new(string_of(baggage.auth_token_new));
  return out;
}

Result<AuthRevResBaggage> from_wire(const wire::AuthRevResBaggage& baggage) {
  FieldReader fields;
  return fields.finish(AuthRevResBaggage{
      .cap_token_new = fields.bytes(baggage.cap_token_new(), 0, kMaxOpaqueBytes, "CapTokenNew"),
      .auth_token_new = fields.bytes(baggage.auth_token_new(), 0, kMaxOpaqueBytes, "AuthTokenNew"),
  });
}

}  // namespace set
