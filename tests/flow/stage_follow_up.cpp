// Captures, credits and their reversals on the stage: what the merchant's store wants, as its
// functions make it, at the gateway's doors.
#include "gateway/batch.h"
#include "gateway/store_batches.h"
#include "merchant/authorization_reversal.h"
#include "merchant/batch.h"
#include "merchant/capture.h"
#include "merchant/credit.h"
#include "tests/flow/stage_impl.h"
#include "tests/support/pki.h"

namespace set::flow {

using merchant::ItemKind;

LIDM Stage::FollowUp::order(bool capture_now) {
  auto& s = *stage_.impl_;
  s.terms.capture_now = capture_now;
  const auto made = Purchase(stage_).signed_by(stage_.cardholder());
  s.terms = {};
  stage_.answer(made.exchange);
  return made.order.offer.trans_ids.lid_m.value();
}

template <class Req, class Res>
Exchange Stage::FollowUp::exchange(const LIDM& order, const merchant::ItemWish& wish,
                                   merchant::MakeItems make, merchant::AcceptItems<Res> accept) {
  auto& s = *stage_.impl_;
  auto& store = s.merchant->store;
  const auto rrpid = must(store.want({order}, wish, "", s.rng.make<RRPID>(), stage_.now()));
  auto open = must(store.find_open(rrpid)).value();
  const auto certificates = s.merchant->gateway.certificates();
  auto request =
      must(make(rrpid, open.items, {*s.merchant_party, *certificates, stage_.now(), s.rng}));
  must(store.save_bytes(rrpid, request, s.merchant_party->signature->leaf.thumbprint(),
                        stage_.now()));
  const Ends ends{
      s.merchant_party, s.gateway_party, {std::string(test::kBrand), {}}, stage_.clock()};
  return make_exchange<Req, Res>(std::move(request), ends,
                                 [items = std::move(open.items), accept,
                                  certificates](const OpenedAnswer<Res>& res) -> Result<Word> {
                                   const auto outcomes = TRY(accept(items, res, *certificates));
                                   return outcomes.front().done ? Word(kAccepted)
                                                                : Word(outcomes.front().code);
                                 });
}

Exchange Stage::auth_rev() {
  FollowUp follow_up(*this);
  const merchant::ItemWish wish{ItemKind::reversal, must(Amount::parse("1.00 EUR")), "", "", false};
  return follow_up.exchange<AuthRevReq, AuthRevRes>(
      follow_up.order(false), wish, merchant::make_auth_rev_req, merchant::accept_auth_rev_res);
}

// The merchant's sums are the gateway's: an exchange of the stage ends before the merchant books.
Exchange Stage::batch_admin() {
  auto& s = *impl_;
  gateway::BatchStore batches(s.gateway->store.database());
  auto batch = must(batches.find(s.setting.merchant_id, ""));
  if (!batch) {
    FollowUp(*this).order(true);
    batch = must(batches.find(s.setting.merchant_id, ""));
  }
  const merchant::BatchAsked asked{.batch_id = batch.value().batch_id, .details = true};
  const auto certificates = s.merchant->gateway.certificates();
  auto request = must(
      merchant::make_batch_admin_req(s.rng.make<RRPID>(), asked, gateway::batch_status_of(*batch),
                                     {*s.merchant_party, *certificates, now(), s.rng}));
  const Ends ends{s.merchant_party, s.gateway_party, {std::string(test::kBrand), {}}, clock()};
  return make_exchange<BatchAdminReq, BatchAdminRes>(
      std::move(request), ends,
      [asked, certificates](const OpenedAnswer<BatchAdminRes>& res) -> Result<Word> {
        return word_of(TRY(merchant::accept_batch_admin_res(asked, res, *certificates)));
      });
}

Exchange Stage::cap() {
  FollowUp follow_up(*this);
  return follow_up.exchange<CapReq, CapRes>(follow_up.order(false), ItemKind::capture,
                                            merchant::make_cap_req, merchant::accept_cap_res);
}

Exchange Stage::cap_rev() {
  FollowUp follow_up(*this);
  return follow_up.exchange<CapRevReq, CapRevRes>(follow_up.order(true), ItemKind::capture_reversal,
                                                  merchant::make_cap_rev_req,
                                                  merchant::accept_cap_rev_res);
}

Exchange Stage::cred() {
  FollowUp follow_up(*this);
  return follow_up.exchange<CredReq, CredRes>(follow_up.order(true), ItemKind::credit,
                                              merchant::make_cred_req, merchant::accept_cred_res);
}

Exchange Stage::cred_rev() {
  auto& s = *impl_;
  FollowUp follow_up(*this);
  const auto order = follow_up.order(true);
  const auto credit = follow_up.exchange<CredReq, CredRes>(
      order, ItemKind::credit, merchant::make_cred_req, merchant::accept_cred_res);
  const auto& rrpid = credit.sent->pending.rrpid;
  const auto res = must(
      open_answer_as<CredRes>(answer(credit), credit.sent->pending, *s.merchant_party, {}, now()));
  const auto items = must(s.merchant->store.find_open(rrpid)).value().items;
  const auto outcomes =
      must(merchant::accept_cred_res(items, res, *s.merchant->gateway.certificates()));
  must(s.merchant->store.settle(rrpid, outcomes, res.message->batch_status_seq,
                                res.message.evidence(), now()));
  return follow_up.exchange<CredRevReq, CredRevRes>(
      order, ItemKind::credit_reversal, merchant::make_cred_rev_req, merchant::accept_cred_rev_res);
}

}  // namespace set::flow
