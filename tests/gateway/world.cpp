#include "tests/gateway/world.h"
#include "tests/support/databases.h"

#include "gateway/cap_token.h"

namespace set::gateway::test {
namespace {

std::string card_toml(std::string_view pan, std::string_view behaviour) {
  return "[[card]]\nnumber = \"" + std::string(pan) + "\"\nname = \"Alice Example\"\n" +
         "expiry = \"2030-12\"\nverification = \"123\"\n" +
         "limits = [\"1000.00 EUR\", \"50000 JPY\"]\nbehaviour = \"" + std::string(behaviour) +
         "\"\ntype = \"gold\"\nstreet = \"Tea Lane 1\"\npostal_code = \"10115\"\n" +
         "billing = \"USD\"\n";
}

Result<wire::MessageWrapper> wrapper_of(ByteView bytes) { return parse_wrapper(bytes); }

}  // namespace

Amount euro(std::string_view amount) {
  return value_of(Amount::parse(std::string(amount) + " EUR"));
}

CardFile test_cards() {
  return value_of(
      CardFile::parse(card_toml(kApprovePan, "approve") + card_toml(kDeclinePan, "decline") +
                      card_toml(kReferralPan, "referral") + card_toml(kExpiredPan, "expired") +
                      card_toml(kSlowPan, "slow") + card_toml(kNoReplyPan, "no_reply") +
                      "[[rate]]\nfrom = \"EUR\"\nto = \"USD\"\nrate = \"1.0842\"\n"));
}

World::World(GatewayTerms gateway_terms)
    : pki(TestPki::get()),
      rng(Rng::system()),
      gateway(pki.gateway()),
      merchant(pki.merchant()),
      other_merchant(pki.merchant("shop-2", "Other Shop")),
      other_gateway(pki.gateway("gateway-2")),
      cardholder(pki.cardholder()),
      now(pki.now()),
      cards(test_cards()),
      store(value_of(Store::open(test::database_url(), DatabaseUse::daemon))),
      token_key(rng.secret(kTokenKeyBytes)),
      receiver([this] { return gateway.party; }, store.database(), [this] { return now; }, rng),
      acquirer(
          store.database(), cards, rng.secret(48), {}, [this] { return now; },
          [this](Duration time) { slept.push_back(time); }),
      terms(std::move(gateway_terms)),
      service(service_with(acquirer)) {}

std::unique_ptr<Service> World::service_with(Acquirer& other) {
  return std::make_unique<Service>(Service::Parts{.receiver = receiver,
                                                  .store = store,
                                                  .acquirer = other,
                                                  .token_key = token_key,
                                                  .terms = terms});
}

Draft World::draft(std::string_view pan) {
  if (pan != cardholder.pan) cardholder = pki.cardholder(pan);
  const TransIDs trans_ids{.lid_c = LIDC{"wallet-1"},
                           .lid_m = LIDM{"order-1"},
                           .xid = rng.make<XID>(),
                           .preq_date = now,
                           .pay_sys_id = "",
                           .language = "en"};
  return Draft{.trans_ids = trans_ids,
               .valid_until = now + std::chrono::hours(1),
               .merchant_signature = &merchant.party->signature->leaf,
               .gateway_key_exchange = &gateway.party->key_exchange->leaf,
               .account = cardholder.pan_data(rng),
               .merchant = &merchant,
               .auth_trans_ids = trans_ids};
}

MadePI World::make_pi(const Draft& draft) {
  const PurchaseOrder order{.trans_ids = draft.trans_ids,
                            .rrpid = rng.make<RRPID>(),
                            .chall_c = rng.make<Challenge>(),
                            .chall_m = rng.make<Challenge>(),
                            .order_description = draft.order_description,
                            .purch_amt = draft.purch_amt,
                            .brand = draft.brand,
                            .valid_until = draft.valid_until,
                            .merchant_signature = *draft.merchant_signature,
                            .merchant_key_exchange = draft.merchant->party->key_exchange->leaf,
                            .gateway_key_exchange = *draft.gateway_key_exchange,
                            .card_secret = cardholder.card_secret.reveal(),
                            .install_recur = draft.install_recur};
  const auto purchase = value_of(make_purchase(order, draft.account, cardholder.party, now, rng));
  // What the merchant makes of the PReq.
  const auto envelope = value_of(read_envelope(value_of(wrapper_of(purchase.request.wire)), now));
  const auto preq = value_of(Opener::request<PReq>(envelope, *draft.merchant->party, now));
  const auto opened = value_of(open_order(preq.message, preq.baggage));
  std::vector<Certificate> chain{cardholder.party.signature->leaf};
  for (const auto& issuer : cardholder.party.signature->issuers) chain.push_back(issuer);
  return {set::make_pi(preq.message.evidence(), opened.pi, chain), purchase.hoi_data,
          purchase.hpi_data, opened.oi.hod, bytes_of(purchase.card_message_key.reveal())};
}

MadeAuthReq World::make_auth_req(const Draft& draft, const MadePI& pi) {
  AuthReq auth_req{.check_digests = CheckDigests{pi.hoi_data, pi.hod, pi.hpi_data},
                   .auth_req_amt = draft.auth_req_amt,
                   .subsequent_auth_ind = draft.subsequent_auth_ind,
                   .thumbs = {},
                   .capture_now = draft.capture_now,
                   .auth_ret_num = "",
                   .install_recur = draft.install_recur};
  draft.change_auth_req(auth_req);
  auto baggage = pi.pi;
  draft.change_pi(baggage);
  const auto rrpid = rng.make<RRPID>();
  auto request = value_of(seal_request(auth_req,
                                       {.self = *draft.merchant->party,
                                        .recipient = &gateway.party->key_exchange->leaf,
                                        .rrpid = rrpid,
                                        .trans_ids = draft.auth_trans_ids,
                                        .now = now,
                                        .baggage = baggage},
                                       rng));
  return {std::move(request.wire), std::move(request.pending), rrpid, draft.merchant->party};
}

Result<Bytes> World::send_to(Service& to, ByteView wire) {
  const auto in = TRY(wrapper_of(wire));
  wire::MessageWrapper out;
  const auto status = to.authorize(std::nullopt, in, out);
  if (!status.ok()) return failure(ErrorCode::peer_unavailable, status.error_message());
  return serialize(out);
}

Result<Bytes> World::send(ByteView wire) { return send_to(*service, wire); }

Result<Answered> World::open(const MadeAuthReq& request, ByteView answer) {
  // A repeated answer may be old: it is fresh enough because it answers this request.
  auto wrapper = TRY(wrapper_of(answer));
  const auto header = TRY(parse_as<wire::MessageHeader>(view_of(wrapper.header())));
  const auto envelope = TRY(read_envelope(std::move(wrapper), from_millis(header.date_ms())));
  auto opened = TRY(Opener::answer<AuthRes>(envelope, request.pending, *request.sender,
                                            {.brand = std::string(kBrand)}, now));
  return Answered{*opened.message,
                  TRY(from_wire(TRY(parse_as<wire::AuthResBaggage>(opened.baggage))))};
}

Result<Answered> World::authorize(const Draft& draft) {
  const auto request = make_auth_req(draft);
  return open(request, TRY(send(request.wire)));
}

}  // namespace set::gateway::test
