#include "wallet/receipt.h"

#include "wallet/payments.h"
#include "wallet/purchase.h"

namespace set::wallet {
namespace {

tl::unexpected<Error> not_proved(std::string detail) {
  return failure(ErrorCode::verification_failed, std::move(detail));
}

/// The reasons of a check that was written for messages, under the receipt's own code.
template <class T>
Result<T> proved(Result<T> result, const std::string& what) {
  if (!result) return not_proved(what + ": " + result.error().detail);
  return result;
}

wire::CertificateBag bag_of(std::initializer_list<const Certificate*> leaves,
                            std::span<const Certificate> issuers) {
  wire::CertificateBag bag;
  for (const auto* leaf : leaves) bag.add_certificates(string_of(leaf->der()));
  for (const auto& issuer : issuers) bag.add_certificates(string_of(issuer.der()));
  return bag;
}

template <class T>
Result<Verified<T>> verify_statement(ByteView evidence, const wire::CertificateBag& bag,
                                     const Trust& trust, Instant at, const char* what) {
  const auto statement = TRY(proved(parse_as<wire::Signed>(evidence), what));
  return proved(Opener::statement<T>(statement, bag, trust, at), what);
}

/// The own half: PI-TBS = {HPIData, HOIData, gateway, merchant, brand, amount}, signed by the card.
Result<void> check_dual_signature(const Order& order, const Verified<PReq>& pi_tbs,
                                  const Chain& cardholder) {
  const auto& offer = order.offer;
  CHECK_OR_FAIL(pi_tbs.signer().thumbprint() == cardholder.leaf.thumbprint(),
                ErrorCode::verification_failed, "the order is signed by another card");
  const bool names = pi_tbs->hoi_data == order.hoi_data && pi_tbs->hpi_data == order.hpi_data &&
                     pi_tbs->gateway == offer.gateway.thumbprint() &&
                     pi_tbs->merchant == offer.merchant.signature.thumbprint() &&
                     pi_tbs->brand == offer.brand && pi_tbs->purch_amt == offer.purch_amt &&
                     pi_tbs->install_recur == offer.install_recur &&
                     pi_tbs.head().rrpid == order.rrpid &&
                     pi_tbs.head().trans_ids == offer.trans_ids;
  CHECK_OR_FAIL(names, ErrorCode::verification_failed,
                "the dual signature is over another order than the one in the wallet");
  return {};
}

/// HOIData = DD(OIData), HOD = DD({OD, PurchAmt, ODSalt}) (set-1997 §2.5).
Result<void> check_order_half(const Order& order) {
  const auto& offer = order.offer;
  CHECK_OR_FAIL(hoi_data_of(order.oi_data) == order.hoi_data, ErrorCode::verification_failed,
                "the order half is not the one that was signed");
  const auto wire_oi = TRY(proved(parse_as<wire::OIData>(order.oi_data), "the order half"));
  const auto oi = TRY(proved(from_wire(wire_oi), "the order half"));
  const bool same = oi.trans_ids == offer.trans_ids && oi.rrpid == order.rrpid &&
                    oi.chall_c == offer.chall_c && oi.chall_m == offer.chall_m &&
                    oi.brand == offer.brand;
  CHECK_OR_FAIL(same, ErrorCode::verification_failed,
                "the order half carries other ids than the purchase");
  CHECK_OR_FAIL(hod_of({offer.order_description, offer.purch_amt, oi.od_salt, offer.install_recur}) ==
                    oi.hod,
                ErrorCode::verification_failed,
                "the order description or the amount is not the signed one");
  return {};
}

Result<void> check_offer(const Offer& offer, const Verified<PInitRes>& pinit_res) {
  CHECK_OR_FAIL(pinit_res.signer().thumbprint() == offer.merchant.signature.thumbprint(),
                ErrorCode::verification_failed, "the offer is signed by another merchant");
  const bool same = pinit_res.head().trans_ids == offer.trans_ids &&
                    pinit_res->chall_c == offer.chall_c && pinit_res->chall_m == offer.chall_m &&
                    pinit_res->order_description == offer.order_description &&
                    pinit_res->purch_amt == offer.purch_amt && pinit_res->brand == offer.brand &&
                    pinit_res->install_recur == offer.install_recur &&
                    pinit_res->pe_thumb == offer.gateway.thumbprint();
  CHECK_OR_FAIL(same, ErrorCode::verification_failed,
                "the merchant signed another offer than the one in the wallet");
  return {};
}

/// The outcome as the store tells it is the outcome as the merchant signed it.
Result<void> check_outcome(const Completed& purchase, const PRes& pres, const ContentHead& head) {
  const auto& outcome = purchase.outcome;
  TRY(proved(check_order_repeated(purchase.order, pres, head), "the merchant's answer"));
  const auto* signed_status = pres.payloads.empty() ? nullptr : &pres.payloads.front().auth_status;
  const auto* stored_status = outcome.auth_status ? &*outcome.auth_status : nullptr;
  bool same = pres.chall_c == outcome.challenge && head.created_at == outcome.answered_at &&
              pres.completion_code == outcome.completion_code;
  if (stored_status != nullptr) {
    same = same && signed_status != nullptr &&
           signed_status->auth_code == stored_status->auth_code &&
           signed_status->auth_amt == stored_status->auth_amt &&
           signed_status->auth_date == stored_status->auth_date &&
           signed_status->approval_code == stored_status->approval_code;
  }
  CHECK_OR_FAIL(same, ErrorCode::verification_failed,
                "the merchant signed another outcome than the one in the wallet");
  return proved(check_payments(purchase.order.offer, pres.payloads), "the merchant's answer");
}

Result<void> verify_answer(const Completed& purchase, const wire::CertificateBag& bag,
                           const Trust& trust) {
  const auto& outcome = purchase.outcome;
  const char* what = "the merchant's answer";
  if (outcome.by_inquiry) {
    const auto inq_res = TRY(verify_statement<InqRes>(outcome.evidence, bag, trust, outcome.answered_at, what));
    return check_outcome(purchase, inq_res->state, inq_res.head());
  }
  const auto pres = TRY(verify_statement<PRes>(outcome.evidence, bag, trust, outcome.answered_at, what));
  CHECK_OR_FAIL(pres.head().rrpid == purchase.order.rrpid, ErrorCode::verification_failed,
                "the merchant's answer is to another request");
  return check_outcome(purchase, *pres, pres.head());
}

}  // namespace

Result<Receipt> verify_receipt(const Completed& purchase, const Chain& cardholder,
                               const Trust& trust) {
  const auto& order = purchase.order;
  const auto& offer = order.offer;
  const auto at = order.ordered_at;
  Receipt receipt;

  const auto own = bag_of({&cardholder.leaf}, cardholder.issuers);
  const auto pi_tbs =
      TRY(verify_statement<PReq>(order.evidence, own, trust, at, "the own dual signature"));
  TRY(check_dual_signature(order, pi_tbs, cardholder));
  receipt.proofs.emplace_back("the card's certified key signed order and payment (dual signature)");
  TRY(check_order_half(order));
  receipt.proofs.emplace_back("description and amount are the ones that were signed");
  if (offer.install_recur) {
    receipt.proofs.emplace_back("the mandate is the one that was signed: " +
                                mandate_words(*offer.install_recur));
  }

  const auto merchant = bag_of({&offer.merchant.signature}, offer.merchant.issuers);
  const auto pinit_res =
      TRY(verify_statement<PInitRes>(offer.evidence, merchant, trust, at, "the merchant's offer"));
  TRY(check_offer(offer, pinit_res));
  receipt.proofs.emplace_back("the certified merchant signed the offer with this description and amount");

  TRY(proved(trust.verify(offer.gateway, offer.gateway_issuers,
                          {Role::gateway, KeyUse::key_exchange, offer.brand}, at),
             "the payment gateway's certificate"));
  receipt.proofs.emplace_back("the payment went to a certified gateway of the card's brand");

  TRY(verify_answer(purchase, merchant, trust));
  receipt.proofs.emplace_back("the same merchant signed the outcome for this order, payment and amount");
  return receipt;
}

}  // namespace set::wallet
