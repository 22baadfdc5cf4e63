// Purchase on the stage: the wallet's functions against the merchant's service, and what merchant
// and gateway say to each other.
#include "merchant/authorization.h"
#include "tests/flow/stage_impl.h"
#include "tests/support/pki.h"

namespace set::flow {
namespace {

std::vector<Certificate> certificates_of(const Party& party) {
  std::vector<Certificate> out{party.signature->leaf, party.key_exchange->leaf};
  out.insert(out.end(), party.signature->issuers.begin(), party.signature->issuers.end());
  return out;
}

Word word_of(const wallet::Completed& completed) {
  const auto& outcome = completed.outcome;
  if (!outcome.auth_status) return Word(to_string(outcome.completion_code));
  return outcome.approved() ? Word(kAccepted) : Word(to_string(outcome.auth_status->auth_code));
}
Word word_of(const wallet::Ordered&) { return "orderReceived"; }
Word word_of(const wallet::NotReceived&) { return "orderNotReceived"; }

template <class... State>
Word word_of(const std::variant<State...>& state) {
  return std::visit([](const auto& s) { return word_of(s); }, state);
}

Word word_of(const merchant::Decided& decided) {
  if (const auto* declined = std::get_if<merchant::Declined>(&decided)) {
    return Word(to_string(declined->code));
  }
  return std::holds_alternative<merchant::Captured>(decided) ? kAccepted : "authorized";
}

}  // namespace

Stage::Purchase::Init Stage::Purchase::init() {
  auto& s = *stage_.impl_;
  const auto& self = *s.merchant_party;
  const auto order =
      must(merchant::make_order(must(Amount::parse(s.setting.amount)), s.setting.description,
                                std::chrono::hours(1), stage_.now(), s.rng, s.terms));
  must(s.merchant->store.insert(order.order));
  const auto known = certificates_of(self);
  const auto& thumbprint = self.signature->leaf.thumbprint();
  const auto chosen = must(wallet::choose_merchant(known, thumbprint, *self.trust, stage_.now()));
  const PaymentLink link{"localhost:1", order.order.id, thumbprint, order.secret};
  auto sent = must(wallet::make_pinit_req(link, chosen, 1, std::string(test::kBin), *s.stranger,
                                          stage_.now(), s.rng));
  const Ends ends{s.stranger, s.merchant_party, {std::string(test::kBrand), known}, stage_.clock()};
  auto exchange = make_exchange<PInitReq, PInitRes>(
      std::move(sent.message), ends,
      [next = sent.next, clock = ends.clock,
       self = s.stranger](const OpenedAnswer<PInitRes>& res) -> Result<Word> {
        TRY(wallet::accept_pinit_res(next, res, *self->trust, clock()));
        return Word(kAccepted);
      });
  return {std::move(sent.next), std::move(exchange)};
}

Exchange Stage::pinit() { return Purchase(*this).init().exchange; }

wallet::Offered Stage::Purchase::offered() {
  const auto asked = init();
  const Peer peer{"", certificates_of(*stage_.merchant())};
  const auto res =
      must(open_answer_as<PInitRes>(stage_.answer(asked.exchange), asked.exchange.sent->pending,
                                    *asked.exchange.sender, peer, stage_.now()));
  return must(
      wallet::accept_pinit_res(asked.next, res, *asked.exchange.sender->trust, stage_.now()));
}

Stage::Purchase::Signed Stage::Purchase::signed_by(const Cardholder& cardholder) {
  auto& s = *stage_.impl_;
  auto made =
      must(wallet::make_preq(offered(), cardholder.pan_data(s.rng), cardholder.card_secret.reveal(),
                             *cardholder.party, stage_.now(), s.rng));
  const Ends ends{cardholder.party,
                  s.merchant_party,
                  {std::string(test::kBrand), certificates_of(*s.merchant_party)},
                  stage_.clock()};
  const auto& order = made.next.order;
  auto exchange = make_exchange<PReq, PRes>(
      std::move(made.message), ends, [order](const OpenedAnswer<PRes>& res) -> Result<Word> {
        return word_of(TRY(wallet::accept_pres(order, res.message)));
      });
  exchange.cardholder = cardholder.party;
  exchange.gateway = s.gateway_party;
  return {order, std::move(exchange)};
}

Exchange Stage::preq(const Cardholder& cardholder) {
  auto made = Purchase(*this).signed_by(cardholder);
  impl_->orders.insert_or_assign(made.order.rrpid, made.order);
  return std::move(made.exchange);
}

Exchange Stage::inquiry(const Exchange& preq, const Cardholder& cardholder) {
  const auto& order = impl_->orders.at(preq.sent->pending.rrpid);
  auto made = must(wallet::make_inq_req(order, *cardholder.party, now(), impl_->rng));
  const Ends ends{cardholder.party,
                  impl_->merchant_party,
                  {std::string(test::kBrand), certificates_of(*impl_->merchant_party)},
                  clock()};
  auto message = std::move(made.message);
  const auto asked = std::make_shared<const wallet::Inquiry>(
      wallet::Inquiry{made.chall_c2, made.rrpid, Request{}});
  return make_exchange<InqReq, InqRes>(
      std::move(message), ends, [order, asked](const OpenedAnswer<InqRes>& res) -> Result<Word> {
        return word_of(TRY(wallet::accept_inq_res(order, *asked, res.message)));
      });
}

Word Stage::resolve(const Exchange& preq) {
  auto& s = *impl_;
  const auto& order = impl_->orders.at(preq.sent->pending.rrpid);
  auto found = must(s.merchant->store.find(order.offer.trans_ids.xid)).value();
  auto now = std::move(found.authorizations.at(0));
  if (auto* awaiting = std::get_if<merchant::AwaitingAuthRes>(&now)) {
    now = must(s.merchant->resolver.resolve(std::get<merchant::Ordered>(found.state),
                                            std::move(*awaiting), std::chrono::seconds(5)));
  }
  if (std::holds_alternative<merchant::AwaitingAuthRes>(now)) return "awaiting";
  if (const auto* declined = std::get_if<merchant::Declined>(&now)) {
    return Word(to_string(declined->code));
  }
  return kAccepted;
}

Exchange Stage::inq() {
  const auto order = preq(cardholder());
  answer(order);
  return inquiry(order, cardholder());
}

Exchange Stage::auth() {
  auto& s = *impl_;
  cut_line(true);
  const auto made = Purchase(*this).signed_by(cardholder());
  answer(made.exchange);  // orderReceived: the AuthReq waits in the merchant's store
  cut_line(false);
  auto found = must(s.merchant->store.find(made.order.offer.trans_ids.xid)).value();
  const auto awaiting = std::make_shared<merchant::AwaitingAuthRes>(
      std::get<merchant::AwaitingAuthRes>(std::move(found.authorizations.at(0))));
  auto request = std::move(awaiting->request);
  awaiting->request = {};
  const Ends ends{s.merchant_party, s.gateway_party, {std::string(test::kBrand), {}}, clock()};
  auto exchange = make_exchange<AuthReq, AuthRes>(
      std::move(request), ends,
      [order = std::get<merchant::Ordered>(found.state), awaiting, self = s.merchant_party,
       certificates =
           s.merchant->gateway.certificates()](const OpenedAnswer<AuthRes>& res) -> Result<Word> {
        return word_of(TRY(merchant::accept_auth_res(order, *awaiting, res, *self, *certificates)));
      });
  exchange.cardholder = cardholder().party;
  exchange.gateway = s.gateway_party;
  return exchange;
}

Exchange Stage::pcert() {
  auto& s = *impl_;
  auto request = must(merchant::make_pcert_req(*s.merchant_party,
                                               *s.merchant->gateway.certificates(), now(), s.rng));
  const Ends ends{s.merchant_party, s.gateway_party, {std::string(test::kBrand), {}}, clock()};
  return make_exchange<PCertReq, PCertRes>(std::move(request), ends,
                                           [self = s.merchant_party, clock = clock()](
                                               const OpenedAnswer<PCertRes>& res) -> Result<Word> {
                                             TRY(merchant::accept_pcert_res(res, *self, clock()));
                                             return Word(kAccepted);
                                           });
}

}  // namespace set::flow
