#include "gateway/acquirer.h"

#include "common/crypto/digest.h"

namespace set::gateway {

AcquirerName acquirer_name(const RRPID& request, const RRPID& auth_rrpid,
                           const std::optional<RRPID>& reversed) {
  const auto whole =
      digest("SET/2 acquirer name",
             concat({request.view(), auth_rrpid.view(), reversed ? reversed->view() : ByteView()}));
  AcquirerName out;
  std::copy_n(whole.value.begin(), out.value.size(), out.value.begin());
  return out;
}

AcquirerName sale_capture_name(const RRPID& auth_rrpid) { return AcquirerName{auth_rrpid.value}; }

AuthCode auth_code_of(iso8583::ResponseCode code) {
  using iso8583::ResponseCode;
  switch (code) {
    case ResponseCode::approved:
      return AuthCode::approved;
    case ResponseCode::call_issuer:
      return AuthCode::call_issuer;
    case ResponseCode::expired_card:
      return AuthCode::expired_card;
    case ResponseCode::invalid_amount:
      return AuthCode::amount_error;
    case ResponseCode::invalid_transaction:
    case ResponseCode::format_error:
    case ResponseCode::duplicate:
      return AuthCode::invalid_transaction;
    case ResponseCode::issuer_away:
    case ResponseCode::malfunction:
      return AuthCode::system_error;
    case ResponseCode::declined:
    case ResponseCode::partially_approved:  // SET has no such answer; who got one reverses it
    case ResponseCode::no_such_card:
    case ResponseCode::no_such_record:
    case ResponseCode::insufficient_funds:
    case ResponseCode::too_often:
    case ResponseCode::out_of_balance:
      return AuthCode::declined;
  }
  return AuthCode::declined;
}

}  // namespace set::gateway
