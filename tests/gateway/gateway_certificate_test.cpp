#include "gateway/gateway_certificate.h"

#include "tests/gateway/world.h"

namespace set::gateway::test {
namespace {

Result<OpenedAnswer<PCertRes>> ask(World& world, PCertReq pcert_req) {
  const auto request = TRY(seal_request(pcert_req,
                                        {.self = *world.merchant.party,
                                         .recipient = &world.gateway.party->key_exchange->leaf,
                                         .rrpid = world.rng.make<RRPID>(),
                                         .trans_ids = std::nullopt,
                                         .now = world.now},
                                        world.rng));
  wire::MessageWrapper out;
  const auto status = world.service->gateway_certificates(std::nullopt, TRY(parse_wrapper(request.wire)), out);
  CHECK(status.ok());
  const auto envelope = TRY(read_envelope(out, world.now));
  return Opener::answer<PCertRes>(envelope, request.pending, *world.merchant.party, {}, world.now);
}

bool holds(const std::vector<Certificate>& bag, const Certificate& wanted) {
  return std::ranges::any_of(
      bag, [&](const auto& one) { return one.thumbprint() == wanted.thumbprint(); });
}

}  // namespace

TEST_CASE("a merchant gets the gateway's key-exchange certificate, items in the order asked") {
  World world;
  const auto& own = world.gateway.party->key_exchange->leaf;
  const std::string brand(kBrand);
  const auto answer = value_of(ask(
      world, {{{brand, std::string(kBin)}, {"Other", ""}, {brand, "123456"}, {brand, ""}}, {}}));
  const auto& items = answer.message->items;
  REQUIRE(items.size() == 4);
  CHECK(items[0].code == PCertCode::success);
  CHECK(items[0].certificate == own.thumbprint());
  CHECK(items[1].code == PCertCode::brand_not_supported);
  CHECK(items[2].code == PCertCode::unknown_bin);
  CHECK(items[3].code == PCertCode::success);
  CHECK(holds(answer.bag, own));
  CHECK(world.pki.trust()->verify(
      own, answer.bag, {Role::gateway, KeyUse::key_exchange, std::string(kBrand)}, world.now));
}

TEST_CASE("certificates that the merchant holds are left out") {
  World world;
  const auto& own = world.gateway.party->key_exchange->leaf;
  const auto answer =
      value_of(ask(world, {{{std::string(kBrand), ""}}, {.certificates = {own.thumbprint()}}}));
  CHECK(answer.message->items[0].certificate == own.thumbprint());
  CHECK_FALSE(holds(answer.bag, own));
}

TEST_CASE(
    "a fetch without thumbprints gets all that is in use, with issuers and without the root") {
  World world;
  const auto fetched = value_of(world.service->fetch_certificates({}));
  std::vector<Certificate> certificates;
  for (const auto& der : fetched.certificates()) {
    certificates.push_back(value_of(Certificate::parse(view_of(der))));
  }
  CHECK(holds(certificates, world.gateway.party->signature->leaf));
  CHECK(holds(certificates, world.gateway.party->key_exchange->leaf));
  CHECK_FALSE(holds(certificates, world.pki.trust()->root()));
  CHECK(world.pki.trust()->verify(world.gateway.party->key_exchange->leaf, certificates,
                                  {Role::gateway, KeyUse::key_exchange, ""}, world.now));
}

TEST_CASE("a fetch by thumbprint gets what is known; a malformed one is refused") {
  World world;
  wire::FetchCertificatesRequest request;
  request.add_thumbprints(world.gateway.party->signature->leaf.thumbprint().str());
  request.add_thumbprints(std::string(32, 'x'));
  const auto fetched = value_of(world.service->fetch_certificates(request));
  CHECK(fetched.certificates_size() ==
        1 + static_cast<int>(world.gateway.party->signature->issuers.size()));
  request.add_thumbprints("short");
  CHECK_FALSE(world.service->fetch_certificates(request));
}

}  // namespace set::gateway::test
