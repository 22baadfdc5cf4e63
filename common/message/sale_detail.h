// What a sale or a capture says of the settlement to come: SaleDetail in the request, CapResPayload
// in the answer (set-1997 §3.6, §3.8). Parts of AuthReq, AuthRes, CapReq and CapRes. Pure.
#pragma once

#include <optional>
#include <string>

#include "common/message/purchase.h"
#include "set/v1/batch.pb.h"

namespace set {

/// SET's numbers (set-1997 §3.6, §4.2); on the wire plus one.
enum class PayRecurInd {
  unknown = 0,
  single_transaction = 1,
  recurring_transaction = 2,
  installment_payment = 3,
  other_mail_order = 4
};
enum class AuthCharInd {
  direct_marketing = 0,
  recurring_payment = 1,
  address_verification = 2,
  preferred_customer = 3,
  incremental_auth = 4
};

/// All of it is optional, but one that says nothing is left out.
struct SaleDetail {
  std::string batch_id;  ///< the merchant's wish; the gateway's open batch otherwise
  std::uint32_t batch_sequence_num = 0;
  std::optional<PayRecurInd> pay_recur_ind;
  std::string mer_order_num;
  std::optional<AuthCharInd> auth_char_ind;
  std::string order_summary;
  std::string customer_reference_number;
  std::string customer_service_phone;
  bool ok_to_print_phone_ind = false;
};

struct CapResPayload {
  CapCode cap_code = CapCode::success;
  std::optional<Amount> cap_amt;  ///< iff success
  std::string batch_id;
  std::uint32_t batch_sequence_num = 0;
};

wire::SaleDetail to_wire(const SaleDetail& detail);
Result<SaleDetail> from_wire(const wire::SaleDetail& detail);
wire::CapResPayload to_wire(const CapResPayload& payload);
Result<CapResPayload> from_wire(const wire::CapResPayload& payload);

}  // namespace set
