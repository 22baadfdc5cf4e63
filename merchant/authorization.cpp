#include "merchant/authorization.h"

namespace set::merchant {
namespace {

Result<void> check_same_purchase(const Ordered& order, const Verified<AuthRes>& auth_res,
                                 const Party& merchant) {
  // "RRPID and TransIDs of the outstanding AuthReq."
  const auto& ids = auth_res.head().trans_ids;
  CHECK_OR_FAIL(ids && same_purchase(*ids, order.initiated.ids), ErrorCode::wrapper_msg_mismatch,
                "the AuthRes is of another purchase");
  // "AuthRes repeats HOIData, HPIData, merchant and amount under the gateway's signature."
  CHECK_OR_FAIL(
      auth_res->hoi_data == order.preq.hoi_data && auth_res->hpi_data == order.preq.hpi_data,
      ErrorCode::wrapper_msg_mismatch, "the AuthRes is of another order or payment");
  CHECK_OR_FAIL(auth_res->merchant == merchant.signature.value().leaf.thumbprint(),
                ErrorCode::wrapper_msg_mismatch, "the AuthRes is for another merchant");
  CHECK_OR_FAIL(!auth_res->purch_amt || *auth_res->purch_amt == order.initiated.order.amount,
                ErrorCode::wrapper_msg_mismatch, "the AuthRes is of another amount");
  return {};
}

Result<void> check_same_gateway(const Certificate& signer, const Certificate& gateway) {
  const bool same = signer.common_name() == gateway.common_name() &&
                    signer.organizational_unit() == gateway.organizational_unit() &&
                    signer.brand() == gateway.brand();
  CHECK_OR_FAIL(same, ErrorCode::invalid_certificate,
                "the AuthRes is signed by another gateway than we asked");
  return {};
}

}  // namespace

Result<AwaitingAuthRes> make_auth_req(const Ordered& order, const RRPID& auth_rrpid,
                                      const Party& merchant, const GatewayCertificates& gateway,
                                      Instant now, Rng& rng) {
  const auto& amount = order.initiated.order.amount;
  // No Thumbs: the answer may come when we hold other certificates, and must then explain itself.
  const AuthReq message{.hoi_data = order.preq.hoi_data,
                        .hod2 = order.hod,
                        .hpi_data = order.preq.hpi_data,
                        .auth_req_amt = amount,
                        .subsequent_auth_ind = false,
                        .merch_cat_code = "",
                        .thumbs = {},
                        .capture_now = true,
                        .auth_ret_num = ""};
  // "TransIDs from OIData; a fresh RRPID per authorisation." The PI is the baggage (EncB).
  auto request = TRY(seal_request(message,
                                  {.self = merchant,
                                   .recipient = &gateway.key_exchange.leaf,
                                   .rrpid = auth_rrpid,
                                   .trans_ids = order.initiated.ids,
                                   .now = now,
                                   .baggage = order.pi},
                                  rng));
  return AwaitingAuthRes{auth_rrpid, amount, std::move(request)};
}

Result<Decided> accept_auth_res(const Ordered& order, const AwaitingAuthRes& awaiting,
                                const OpenedAnswer<AuthRes>& answer, const Party& merchant,
                                const GatewayCertificates& gateway) {
  const auto& auth_res = answer.message;
  TRY(check_same_gateway(auth_res.signer(), gateway.signature));
  TRY(check_same_purchase(order, auth_res, merchant));
  auto baggage = TRY(from_wire(TRY(parse_as<wire::AuthResBaggage>(answer.baggage))));
  if (auth_res->auth_code != AuthCode::approved) {
    return Decided(Declined{awaiting.auth_rrpid, auth_res->auth_code, auth_res->auth_date,
                            std::move(baggage.acq_card_msg), auth_res.evidence()});
  }
  // One sale of the whole order: nothing less is goods paid, nothing more was asked for.
  CHECK_OR_FAIL(auth_res->auth_amt == awaiting.amount, ErrorCode::wrapper_msg_mismatch,
                "the gateway approved another amount than was asked for");
  Authorized authorized{awaiting.auth_rrpid,
                        *auth_res->auth_amt,
                        auth_res->auth_date,
                        auth_res->approval_code,
                        std::move(baggage.cap_token),
                        std::move(baggage.auth_token),
                        std::move(baggage.acq_card_msg),
                        auth_res.evidence()};
  const auto& capture = auth_res->cap_res;
  if (!capture || capture->cap_code != CapCode::success) return Decided(std::move(authorized));
  // captured ≤ authorised (protocol §7); a sale captures all of it.
  CHECK_OR_FAIL(capture->cap_amt == awaiting.amount, ErrorCode::wrapper_msg_mismatch,
                "the gateway captured another amount than it authorised");
  return Decided(Captured{std::move(authorized), awaiting.amount, auth_res->auth_date});
}

Decided accept_error(const AwaitingAuthRes& awaiting, Instant now) {
  return Declined{awaiting.auth_rrpid, AuthCode::system_error, now, {}, {}};
}

}  // namespace set::merchant
