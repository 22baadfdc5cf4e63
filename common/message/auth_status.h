// What PRes and AuthRes both say of an authorisation. Internal to common/message.
#pragma once

#include "common/message/payment_fields.h"
#include "common/message/purchase.h"

namespace set {

inline constexpr std::size_t kApprovalCodeBytes = 6;

/// wire::AuthStatus and wire::AuthResPayload have these five fields under the same names.
template <class Wire>
void write_auth_status(const AuthStatus& status, Wire& out) {
  out.set_auth_code(code_to_wire(status.auth_code));
  out.set_auth_date_ms(to_millis(status.auth_date));
  out.set_approval_code(status.approval_code);
  if (status.auth_amt) *out.mutable_auth_amt() = to_wire(*status.auth_amt);
  if (status.curr_conv) *out.mutable_curr_conv() = to_wire(*status.curr_conv);
}

template <class Wire>
AuthStatus read_auth_status(FieldReader& fields, const Wire& wire) {
  AuthStatus status{
      .auth_date = fields.instant(wire.auth_date_ms(), "AuthDate"),
      .auth_code = fields.code(wire.auth_code(), AuthCode::card_merch_brand_mismatch, "AuthCode"),
      .auth_amt = fields.amount_if(wire.has_auth_amt(), wire.auth_amt()),
      .approval_code = wire.approval_code().empty()
                           ? std::string()
                           : fields.visible(wire.approval_code(), kApprovalCodeBytes,
                                            kApprovalCodeBytes, "ApprovalCode"),
      .curr_conv = read_curr_conv(fields, wire.has_curr_conv(), wire.curr_conv()),
  };
  const bool approved = status.auth_code == AuthCode::approved;
  fields.require(
      status.auth_amt.has_value() == approved && wire.approval_code().empty() != approved,
      "an approval has an amount and an approval code, and nothing else has");
  fields.require(approved || !status.curr_conv, "what was not approved is not converted");
  return status;
}

}  // namespace set
