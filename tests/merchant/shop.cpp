#include "tests/merchant/shop.h"

namespace set::merchant::test {

Amount amount(std::string_view text) { return value_of(Amount::parse(text)); }

GatewayCertificates certificates_of(const TestParty& gateway) {
  return {gateway.party->signature->leaf, *gateway.party->key_exchange};
}

Shop::Shop()
    : pki(TestPki::get()),
      rng(Rng::system()),
      now(pki.now()),
      merchant(pki.merchant()),
      other_merchant(pki.merchant("shop-2", "Other Shop")),
      gateway(pki.gateway()),
      other_gateway(pki.gateway("gateway-2")),
      cardholder(pki.cardholder()),
      other_cardholder(pki.cardholder()),
      gateway_certificates(certificates_of(gateway)) {}

NewOrder Shop::make_order(std::string_view price, Duration life) {
  return value_of(merchant::make_order(amount(price), "One blue mug", life, now, rng));
}

Request Shop::make_pinit_req(const NewOrder& order, const std::function<void(PInitReq&)>& change) {
  PInitReq message{.language = "en",
                   .lid_c = LIDC{"wallet-1"},
                   .lid_m = order.order.id,
                   .chall_c = rng.make<Challenge>(),
                   .brand = std::string(kBrand),
                   .bin = std::string(kBin),
                   .order_secret = order.secret,
                   .thumbs = {}};
  if (change) change(message);
  return value_of(seal_request(message,
                               {.self = cardholder.party,
                                .recipient = &merchant.party->key_exchange->leaf,
                                .rrpid = rng.make<RRPID>(),
                                .trans_ids = std::nullopt,
                                .now = now},
                               rng));
}

namespace {

template <class T>
Opened<T> open_request(const Request& request, const Party& receiver, Instant now) {
  const auto envelope = value_of(read_envelope(value_of(parse_wrapper(request.wire)), now));
  return value_of(Opener::request<T>(envelope, receiver, now));
}

}  // namespace

Opened<PInitReq> Shop::open_pinit_req(const NewOrder& order,
                                      const std::function<void(PInitReq&)>& change) {
  return open_request<PInitReq>(make_pinit_req(order, change), *merchant.party, now);
}

Initiated Shop::initiate(const NewOrder& order) {
  const auto opened = open_pinit_req(order);
  return value_of(accept_pinit_req(order.order, false, opened.message,
                                   {*merchant.party, gateway_certificates}, now, rng));
}

Draft Shop::draft(const Initiated& purchase) {
  return {purchase.ids,
          purchase.chall_c,
          purchase.chall_m,
          purchase.order.description,
          purchase.order.amount,
          purchase.brand,
          purchase.order.expires_at,
          &merchant.party->signature->leaf,
          &gateway.party->key_exchange->leaf,
          purchase.order.terms.mandate};
}

set::Purchase Shop::make_preq(const Draft& draft) {
  const PurchaseOrder order{draft.ids,
                            rng.make<RRPID>(),
                            draft.chall_c,
                            draft.chall_m,
                            draft.description,
                            draft.purch_amt,
                            draft.brand,
                            draft.valid_until,
                            *draft.merchant_signature,
                            merchant.party->key_exchange->leaf,
                            *draft.gateway_key_exchange,
                            cardholder.card_secret.reveal(),
                            draft.install_recur};
  return value_of(make_purchase(order, cardholder.pan_data(rng), cardholder.party, now, rng));
}

Opened<PReq> Shop::open_preq(const Request& request) {
  return open_request<PReq>(request, *merchant.party, now);
}
Opened<PReq> Shop::open_preq(const Draft& draft) { return open_preq(make_preq(draft).request); }

Ordered Shop::take(const Initiated& purchase) {
  auto outcome = value_of(accept_preq(purchase, open_preq(draft(purchase)), *merchant.party, now));
  REQUIRE(std::holds_alternative<Ordered>(outcome));
  return std::get<Ordered>(std::move(outcome));
}

Request Shop::make_inq_req(const TransIDs& ids, const Challenge& chall_c2, const Party& inquirer) {
  return value_of(seal_request(InqReq{chall_c2, {}},
                               {.self = inquirer,
                                .recipient = &merchant.party->key_exchange->leaf,
                                .rrpid = rng.make<RRPID>(),
                                .trans_ids = ids,
                                .now = now},
                               rng));
}

Opened<InqReq> Shop::open_inq_req(const Request& request) {
  return open_request<InqReq>(request, *merchant.party, now);
}

AuthRes approval(const Opened<AuthReq>& auth_req, const Party& gateway, Instant now) {
  AuthRes out;
  if (auth_req.message->check_digests) {
    out.hoi_data = auth_req.message->check_digests->hoi_data;
    out.hpi_data = auth_req.message->check_digests->hpi_data;
  }
  out.merchant = auth_req.message.signer().thumbprint();
  out.purch_amt = auth_req.message->auth_req_amt;
  out.auth_code = AuthCode::approved;
  out.auth_amt = auth_req.message->auth_req_amt;
  out.auth_date = now;
  out.approval_code = "A1B2C3";
  if (auth_req.message->capture_now)
    out.cap_res = CapResPayload{CapCode::success, auth_req.message->auth_req_amt, "20261122", 1};
  out.pe_thumb = gateway.key_exchange->leaf.thumbprint();
  return out;
}

OpenedAnswer<AuthRes> Shop::answer(const AwaitingAuthRes& awaiting,
                                   const std::function<void(AuthRes&)>& change,
                                   const Party* signer) {
  const auto auth_req = open_request<AuthReq>(awaiting.request, *gateway.party, now);
  auto message = approval(auth_req, *gateway.party, now);
  if (change) change(message);
  const Answer beside{.trans_ids = auth_req.message.head().trans_ids,
                      .baggage = serialize(to_wire(AuthResBaggage{Bytes{1, 2, 3}, {}, {}})),
                      .enclosed = {}};
  const auto wire = value_of(seal_answer(message, beside, auth_req.reply,
                                         signer != nullptr ? *signer : *gateway.party, now, rng));
  const auto envelope = value_of(read_envelope(value_of(parse_wrapper(wire)), now));
  return value_of(Opener::answer<AuthRes>(envelope, awaiting.request.pending, *merchant.party,
                                          {.brand = {}}, now));
}

}  // namespace set::merchant::test
