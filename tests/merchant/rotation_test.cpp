// The merchant's certificates change while purchases are under way (ADR 0021).
#include "tests/merchant/shop.h"

using namespace set;
using namespace set::merchant;
using namespace set::merchant::test;

namespace {

/// The shop's merchant after a renewal.
Party renewed(const Shop& shop) {
  auto party = *shop.pki.merchant().party;
  const auto& old = *shop.merchant.party;
  party.earlier_signatures.push_back({*old.signature, old.signer});
  party.earlier_key_exchanges.push_back({*old.key_exchange, old.kem});
  return party;
}

}  // namespace

TEST_CASE("an offer is made under the certificate that the wallet holds, if it is ours") {
  Shop shop;
  const auto party = renewed(shop);
  const auto& current = party.signature->leaf;
  const auto& earlier = shop.merchant.party->signature->leaf;
  const auto under = [&](std::vector<Thumbprint> held, Instant now) {
    return offer_under(party, Thumbs{std::move(held)}, now);
  };
  CHECK(under({earlier.thumbprint()}, shop.now) == earlier.thumbprint());
  CHECK(under({current.thumbprint()}, shop.now) == current.thumbprint());
  CHECK(under({earlier.thumbprint(), current.thumbprint()}, shop.now) == current.thumbprint());
  CHECK(under({}, shop.now) == current.thumbprint());
  CHECK(under({shop.other_merchant.party->signature->leaf.thumbprint()}, shop.now) ==
        current.thumbprint());
  CHECK(under({earlier.thumbprint()}, earlier.not_after() + Duration(1)) == current.thumbprint());
}

TEST_CASE("a purchase that began before the renewal goes on under its certificate") {
  Shop shop;
  const auto purchase = shop.initiate(shop.make_order());
  CHECK(purchase.merchant == shop.merchant.party->signature->leaf.thumbprint());
  const auto preq = shop.make_preq(shop.draft(purchase));
  const auto party = renewed(shop);
  // Sealed to the key-exchange key of before, too.
  const auto envelope =
      value_of(read_envelope(value_of(parse_wrapper(preq.request.wire)), shop.now));
  const auto opened = value_of(Opener::request<PReq>(envelope, party, shop.now));
  const auto as_new = accept_preq(purchase, opened, party, shop.now);
  REQUIRE_FALSE(as_new);
  CHECK(as_new.error().code == ErrorCode::thumbs_mismatch);

  const auto self = signing_as(party, purchase.merchant, shop.now);
  auto outcome = value_of(accept_preq(purchase, opened, self, shop.now));
  REQUIRE(std::holds_alternative<Ordered>(outcome));
  const auto& order = std::get<Ordered>(outcome);
  const auto awaiting = value_of(
      make_auth_req(order, first_authorization(order.initiated.order, shop.rng.make<RRPID>()), self,
                    shop.gateway_certificates, shop.now, shop.rng));
  const auto answered = value_of(
      accept_auth_res(order, awaiting, shop.answer(awaiting), self, shop.gateway_certificates));
  CHECK(std::holds_alternative<Captured>(answered));
}
