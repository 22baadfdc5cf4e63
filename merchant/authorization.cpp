#include "merchant/authorization.h"

#include "common/message/dual_signature.h"

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

// "PayRecurInd": what kind of payment it is, for the issuer; and the batch, if it is named.
std::optional<SaleDetail> sale_detail(const Order& order, const AuthAsked& asked) {
  const auto& mandate = order.terms.mandate;
  if (!asked.capture_now || (!mandate && asked.batch_id.empty())) return std::nullopt;
  SaleDetail out;
  out.batch_id = asked.batch_id;
  if (mandate) {
    const bool instalment = std::holds_alternative<InstallTotalTrans>(mandate->terms);
    out.pay_recur_ind =
        instalment ? PayRecurInd::installment_payment : PayRecurInd::recurring_transaction;
  }
  return out;
}

}  // namespace

AuthAsked first_authorization(const Order& order, const RRPID& auth_rrpid) {
  const auto& terms = order.terms;
  return {auth_rrpid, terms.first_charge.value_or(order.amount), terms.capture_now,
          terms.first_charge.has_value()};
}

Result<AwaitingAuthRes> make_auth_req(const Ordered& order, const AuthAsked& asked,
                                      const Party& merchant, const GatewayCertificates& gateway,
                                      Instant now, Rng& rng) {
  const auto& terms = order.initiated.order.terms;
  const bool by_token = !asked.auth_token.empty();
  // No Thumbs: the answer may come when we hold other certificates, and must then explain itself.
  AuthReq message{.check_digests = CheckDigests{.hoi_data = order.preq.hoi_data,
                                                .hod2 = order.hod,
                                                .hpi_data = order.preq.hpi_data},
                  .auth_req_amt = asked.amount,
                  .subsequent_auth_ind = asked.more_follow,
                  .thumbs = {},
                  .capture_now = asked.capture_now,
                  .auth_ret_num = "",
                  .install_recur = terms.mandate,
                  .sale_detail = sale_detail(order.initiated.order, asked),
                  .details = terms.details};
  if (by_token) {
    message.check_digests.reset();
    message.details.avs_data.reset();  // compared when the card was there
  }
  // "TransIDs from OIData; a fresh RRPID per authorisation." The PI is the baggage (EncB).
  const auto pi = by_token ? make_token_pi(asked.auth_token) : order.pi;
  auto request = TRY(seal_request(message,
                                  {.self = merchant,
                                   .recipient = &gateway.key_exchange.leaf,
                                   .rrpid = asked.auth_rrpid,
                                   .trans_ids = order.initiated.ids,
                                   .now = now,
                                   .baggage = pi},
                                  rng));
  return AwaitingAuthRes{asked, std::move(request)};
}

Result<Decided> accept_auth_res(const Ordered& order, const AwaitingAuthRes& awaiting,
                                const OpenedAnswer<AuthRes>& answer, const Party& merchant,
                                const GatewayCertificates& gateway) {
  const auto& auth_res = answer.message;
  TRY(check_same_gateway(auth_res.signer(), gateway));
  TRY(check_same_purchase(order, auth_res, merchant));
  auto baggage = TRY(from_wire(TRY(parse_as<wire::AuthResBaggage>(answer.baggage))));
  const AuthNotes notes{auth_res->avs_result, auth_res->card_type};
  if (auth_res->auth_code != AuthCode::approved) {
    return Decided(Declined{awaiting.auth_rrpid, auth_res->auth_code, auth_res->auth_date,
                            std::move(baggage.acq_card_msg), auth_res.evidence(),
                            std::move(baggage.auth_token), notes});
  }
  // Nothing less is goods paid, nothing more was asked for.
  CHECK_OR_FAIL(auth_res->auth_amt == awaiting.amount, ErrorCode::wrapper_msg_mismatch,
                "the gateway approved another amount than was asked for");
  Authorized authorized{awaiting.auth_rrpid,
                        *auth_res->auth_amt,
                        auth_res->auth_date,
                        auth_res->approval_code,
                        std::move(baggage.cap_token),
                        std::move(baggage.auth_token),
                        std::move(baggage.acq_card_msg),
                        auth_res.evidence(),
                        auth_res->curr_conv,
                        notes};
  const auto& capture = auth_res->cap_res;
  if (!capture || capture->cap_code != CapCode::success) return Decided(std::move(authorized));
  // captured ≤ authorised (protocol §7); a sale captures all of it.
  CHECK_OR_FAIL(capture->cap_amt == awaiting.amount, ErrorCode::wrapper_msg_mismatch,
                "the gateway captured another amount than it authorised");
  CHECK_OR_FAIL(awaiting.capture_now, ErrorCode::wrapper_msg_mismatch,
                "the gateway captured what was only to be authorised");
  return Decided(Captured{.authorized = std::move(authorized),
                          .amount = awaiting.amount,
                          .date = auth_res->auth_date,
                          .batch_id = capture->batch_id,
                          .batch_sequence_num = capture->batch_sequence_num,
                          .batch_status = auth_res->batch_status});
}

Decided accept_error(const AuthAsked& asked, Instant now) {
  return Declined{asked.auth_rrpid, AuthCode::system_error, now, {}, {}};
}

}  // namespace set::merchant
