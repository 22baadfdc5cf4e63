#include "tests/wallet/stage.h"

namespace set::wallet::test {
namespace {

template <class Req>
Opened<Req> open_request(ByteView bytes, const Party& merchant, Instant at) {
  const auto envelope = must(read_envelope(must(parse_wrapper(bytes)), at));
  return must(Opener::request<Req>(envelope, merchant, at));
}

template <class Res>
Bytes sign(Draft<Res> draft, const Bend<Res>& bend, Instant at, Rng& rng) {
  if (bend) bend(draft);
  return must(seal_answer(draft.message, draft.answer, draft.reply, *draft.signer, at, rng));
}

template <class Res>
Result<OpenedAnswer<Res>> open_answer(ByteView bytes, const PendingReply& pending, const Party& self,
                                      std::span<const Certificate> known, Instant at) {
  const auto envelope = TRY(read_envelope(TRY(parse_wrapper(bytes)), at));
  return Opener::answer<Res>(envelope, pending, self, {"", known}, at);
}

}  // namespace

XID xid_of(std::uint8_t fill) {
  XID xid;
  xid.value.fill(fill);
  return xid;
}

Stage::Stage()
    : pki(TestPki::get()),
      merchant(pki.merchant()),
      other_merchant(pki.merchant("shop-2", "Other Shop")),
      gateway(pki.gateway()),
      cardholder(pki.cardholder()),
      cardholder_chain(cardholder.party.signature.value()),
      now(pki.now()),
      secret(rng.make<OrderSecret>()),
      next_xid(xid_of(7)) {}

Stage& Stage::get() {
  static Stage stage;
  return stage;
}

PaymentLink Stage::link() const {
  return {"localhost:1", LIDM{"order-1"}, merchant.party->signature->leaf.thumbprint(), secret};
}

std::vector<Certificate> Stage::merchant_certificates() const {
  const auto& party = *merchant.party;
  std::vector<Certificate> out{party.signature->leaf, party.key_exchange->leaf};
  out.insert(out.end(), party.signature->issuers.begin(), party.signature->issuers.end());
  return out;
}

Merchant Stage::chosen() const {
  return must(choose_merchant(merchant_certificates(), link().merchant, trust(), now));
}

Amount Stage::amount() const { return must(Amount::parse("49.95 EUR")); }

Bytes Stage::answer_pinit(ByteView request, Instant at, const Bend<PInitRes>& bend) const {
  auto opened = open_request<PInitReq>(request, *merchant.party, at);
  Draft<PInitRes> draft{.message = {.chall_c = opened.message->chall_c,
                                    .chall_m = rng.make<Challenge>(),
                                    .pe_thumb = gateway.party->key_exchange->leaf.thumbprint(),
                                    .order_description = "two books",
                                    .purch_amt = amount(),
                                    .offer_ends = at + std::chrono::hours(1),
                                    .brand = opened.message->brand},
                        .answer = {},
                        .reply = std::move(opened.reply),
                        .signer = merchant.party.get()};
  draft.answer.trans_ids = TransIDs{opened.message->lid_c, opened.message->lid_m, next_xid, at, "", "en"};
  draft.answer.enclosed.push_back(gateway.party->key_exchange->leaf);
  for (const auto& issuer : gateway.party->key_exchange->issuers) draft.answer.enclosed.push_back(issuer);
  return sign(std::move(draft), bend, at, rng);
}

Bytes Stage::answer_preq(ByteView request, Instant at, const Bend<PRes>& bend) const {
  auto opened = open_request<PReq>(request, *merchant.party, at);
  const auto& preq = *opened.message;
  const auto order = must(open_order(opened.message, opened.baggage));
  PResPayload payload{.auth_rrpid = rng.make<RRPID>(),
                      .auth_status = {at, AuthCode::approved, preq.purch_amt, "OK1234"},
                      .cap_status = std::nullopt,
                      .acq_card_msg = {}};
  Draft<PRes> draft{.message = {.chall_c = order.oi.chall_c,
                                .completion_code = CompletionCode::authorization_performed,
                                .hoi_data = preq.hoi_data,
                                .hpi_data = preq.hpi_data,
                                .gateway = preq.gateway,
                                .purch_amt = preq.purch_amt,
                                .payloads = {payload}},
                    .answer = {opened.message.head().trans_ids, {}, {}},
                    .reply = std::move(opened.reply),
                    .signer = merchant.party.get()};
  return sign(std::move(draft), bend, at, rng);
}

Bytes Stage::answer_inq(ByteView request, Instant at, const PRes& state, const Bend<InqRes>& bend) const {
  auto opened = open_request<InqReq>(request, *merchant.party, at);
  Draft<InqRes> draft{.message = {state},
                      .answer = {opened.message.head().trans_ids, {}, {}},
                      .reply = std::move(opened.reply),
                      .signer = merchant.party.get()};
  draft.message.state.chall_c = opened.message->chall_c2;
  return sign(std::move(draft), bend, at, rng);
}

PRes Stage::approved(const Order& order) const {
  PResPayload payload{.auth_rrpid = rng.make<RRPID>(),
                      .auth_status = {now, AuthCode::approved, order.offer.purch_amt, "OK1234"},
                      .cap_status = std::nullopt,
                      .acq_card_msg = {}};
  return {.chall_c = order.offer.chall_c,
          .completion_code = CompletionCode::capture_performed,
          .hoi_data = order.hoi_data,
          .hpi_data = order.hpi_data,
          .gateway = order.offer.gateway.thumbprint(),
          .purch_amt = order.offer.purch_amt,
          .payloads = {payload}};
}

PInit Stage::pinit() const {
  const Party stranger{pki.trust(), nullptr, std::nullopt, nullptr, std::nullopt};
  return must(make_pinit_req(link(), chosen(), 1, "400000", stranger, now, rng));
}

Result<Offered> Stage::offered(const Bend<PInitRes>& bend) const {
  auto sent = pinit();
  const auto bytes = answer_pinit(sent.message.wire, now, bend);
  const Party stranger{pki.trust(), nullptr, std::nullopt, nullptr, std::nullopt};
  const auto known = merchant_certificates();
  const auto answer = TRY(open_answer<PInitRes>(bytes, sent.message.pending, stranger, known, now));
  return accept_pinit_res(std::move(sent.next), answer, trust(), now);
}

SignedOrder Stage::signed_order() const {
  return must(make_preq(must(offered()), cardholder.pan_data(rng), cardholder.card_secret.reveal(),
                        cardholder.party, now, rng));
}

Result<AfterPRes> Stage::answered(const SignedOrder& order, const Bend<PRes>& bend) const {
  const auto bytes = answer_preq(order.message.wire, now, bend);
  const auto known = merchant_certificates();
  const auto answer = TRY(open_answer<PRes>(bytes, order.message.pending, cardholder.party, known, now));
  return accept_pres(order.next.order, answer.message);
}

Completed Stage::completed() const { return std::get<Completed>(must(answered(signed_order()))); }

CardSecrets Stage::card_secrets() const {
  const auto& signer = dynamic_cast<const SoftwareSigner&>(*cardholder.party.signer);
  return CardSecrets{must(Pan::parse(cardholder.pan)), must(CardExpiry::parse(cardholder.expiry)),
                     cardholder.pan_secret.clone(), cardholder.card_secret.clone(), signer.pkcs8()};
}

}  // namespace set::wallet::test
