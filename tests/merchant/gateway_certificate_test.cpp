#include <catch2/generators/catch_generators.hpp>

#include "tests/merchant/shop.h"

using namespace set;
using namespace set::merchant;
using namespace set::merchant::test;

namespace {

std::vector<Certificate> all_of(std::initializer_list<const Chain*> chains) {
  std::vector<Certificate> out;
  for (const auto* chain : chains) {
    out.push_back(chain->leaf);
    out.insert(out.end(), chain->issuers.begin(), chain->issuers.end());
  }
  return out;
}

OpenedAnswer<PCertRes> answer(Shop& shop, const Party& gateway, const PCertRes& message,
                              std::vector<Certificate> enclosed) {
  const auto request =
      value_of(make_pcert_req(*shop.merchant.party, shop.gateway_certificates, shop.now, shop.rng));
  const auto envelope = value_of(read_envelope(value_of(parse_wrapper(request.wire)), shop.now));
  const auto opened = value_of(Opener::request<PCertReq>(envelope, *shop.gateway.party, shop.now));
  CHECK(opened.message->brands_and_bins.at(0).brand == kBrand);
  const auto wire = value_of(seal_answer(
      message, {.trans_ids = std::nullopt, .baggage = {}, .enclosed = std::move(enclosed)},
      opened.reply, gateway, shop.now, shop.rng));
  const auto back = value_of(read_envelope(value_of(parse_wrapper(wire)), shop.now));
  return value_of(Opener::answer<PCertRes>(back, request.pending, *shop.merchant.party,
                                           {.brand = std::string(kBrand)}, shop.now));
}

}  // namespace

TEST_CASE("the gateway's two certificates are found among what it sends") {
  Shop shop;
  const auto& gateway = *shop.gateway.party;
  const auto certificates = all_of({&*gateway.key_exchange, &*gateway.signature});
  const auto found =
      value_of(find_gateway_certificates(certificates, *shop.pki.trust(), kBrand, shop.now));
  CHECK(found.signature.thumbprint() == gateway.signature->leaf.thumbprint());
  CHECK(found.key_exchange.leaf.thumbprint() == gateway.key_exchange->leaf.thumbprint());
  CHECK(found.key_exchange.issuers.size() == 2);  // PCA and brand, each once
}

TEST_CASE("what is not one gateway of our brand under our root is not taken") {
  Shop shop;
  const auto& gateway = *shop.gateway.party;
  const auto& other = *shop.other_gateway.party;
  const auto& merchant = *shop.merchant.party;
  const auto good = all_of({&*gateway.signature, &*gateway.key_exchange});
  const auto find = [&](const std::vector<Certificate>& certificates, std::string_view brand,
                        Instant now) {
    return find_gateway_certificates(certificates, *shop.pki.trust(), brand, now);
  };
  CHECK_FALSE(find({}, kBrand, shop.now));
  CHECK_FALSE(find(all_of({&*gateway.key_exchange}), kBrand, shop.now));
  CHECK_FALSE(find(all_of({&*gateway.signature, &*other.key_exchange}), kBrand, shop.now));
  CHECK_FALSE(find(all_of({&*merchant.signature, &*merchant.key_exchange}), kBrand, shop.now));
  CHECK_FALSE(find(good, "Other", shop.now));
  CHECK_FALSE(find(good, kBrand, shop.now + std::chrono::hours(24 * 500)));
  CHECK_FALSE(find({gateway.signature->leaf, gateway.key_exchange->leaf}, kBrand, shop.now));
  auto rng = Rng::seeded(7);
  const auto foreign = TestPki::make(kBrand, shop.now, rng).gateway();
  CHECK_FALSE(
      find(all_of({&*foreign.party->signature, &*foreign.party->key_exchange}), kBrand, shop.now));
}

TEST_CASE("a PCertRes names the key-exchange certificate of its own signer") {
  Shop shop;
  const auto& gateway = *shop.gateway.party;
  const auto& other = *shop.other_gateway.party;
  const auto& leaf = gateway.key_exchange->leaf;
  const auto good = answer(shop, gateway, {{{PCertCode::success, leaf.thumbprint()}}}, {leaf});
  const auto accepted = value_of(accept_pcert_res(good, *shop.merchant.party, shop.now));
  CHECK(accepted.key_exchange.leaf.thumbprint() == leaf.thumbprint());
  CHECK(accepted.key_exchange.issuers.size() == 2);

  const auto refused = [&](const OpenedAnswer<PCertRes>& given) {
    const auto result = accept_pcert_res(given, *shop.merchant.party, shop.now);
    REQUIRE_FALSE(result);
    return result.error().code;
  };
  CHECK(refused(answer(shop, gateway, {{{PCertCode::brand_not_supported, std::nullopt}}}, {})) ==
        ErrorCode::missing_certificate);
  CHECK(refused(answer(shop, gateway, {{{PCertCode::success, leaf.thumbprint()}}}, {})) ==
        ErrorCode::missing_certificate);
  CHECK(
      refused(answer(shop, gateway, {{{PCertCode::success, other.key_exchange->leaf.thumbprint()}}},
                     {other.key_exchange->leaf})) == ErrorCode::invalid_certificate);
  CHECK(refused(answer(shop, gateway,
                       {{{PCertCode::success, gateway.signature->leaf.thumbprint()}}}, {leaf})) ==
        ErrorCode::invalid_certificate);
  CHECK(refused(answer(
            shop, gateway,
            {{{PCertCode::success, leaf.thumbprint()}, {PCertCode::success, leaf.thumbprint()}}},
            {leaf})) == ErrorCode::decoding_failure);
}
