// The gateway's keys change while purchases are under way (ADR 0021).
#include <algorithm>

#include "tests/gateway/world.h"

using namespace set;
using namespace set::gateway;
using namespace set::gateway::test;

namespace {

/// The gateway after a renewal; with `forgetful` what it replaced is gone, as after its end.
void renew(World& world, bool forgetful = false) {
  auto next = world.pki.gateway();
  auto party = *next.party;
  const auto& old = *world.gateway.party;
  if (!forgetful) {
    party.earlier_signatures.push_back({*old.signature, old.signer});
    party.earlier_key_exchanges.push_back({*old.key_exchange, old.kem});
  }
  world.gateway.party = std::make_shared<const Party>(std::move(party));
}

}  // namespace

TEST_CASE("a PI that was sealed to the key of before is authorised") {
  World world;
  const auto before = world.gateway.party;
  const auto draft = world.draft();
  const auto pi = world.make_pi(draft);
  renew(world);
  const auto request = world.make_auth_req(draft, pi);  // the merchant knows the new certificate
  const auto answered = value_of(world.open(request, value_of(world.send(request.wire))));
  CHECK(answered.message.auth_code == AuthCode::approved);
  CHECK(answered.message.pe_thumb == world.gateway.party->key_exchange->leaf.thumbprint());
  CHECK(answered.message.pe_thumb != before->key_exchange->leaf.thumbprint());
}

TEST_CASE("an AuthReq that was sealed to the key of before is answered, and its repeat too") {
  World world;
  const auto before = world.gateway.party;
  const auto request = world.make_auth_req(world.draft());
  renew(world);
  const auto answer = value_of(world.send(request.wire));
  CHECK(value_of(world.open(request, answer)).message.auth_code == AuthCode::approved);
  renew(world);
  CHECK(value_of(world.send(request.wire)) == answer);
}

TEST_CASE("what the gateway has no key for any more is refused") {
  World world;
  const auto before = world.gateway.party;
  const auto draft = world.draft();
  const auto pi = world.make_pi(draft);
  const auto old_request = world.make_auth_req(draft, pi);
  renew(world, true);
  const auto check_refused = [&](const MadeAuthReq& request) {
    const auto answered = world.open(request, value_of(world.send(request.wire)));
    REQUIRE_FALSE(answered);
    CHECK(answered.error().code == ErrorCode::invalid_certificate);
  };
  check_refused(old_request);
  check_refused(world.make_auth_req(draft, pi));
}

TEST_CASE("certificates of before are given to who names them, and to nobody else") {
  World world;
  const auto before = world.gateway.party->key_exchange->leaf;
  renew(world);
  wire::FetchCertificatesRequest request;
  const auto has = [&](const wire::FetchCertificatesResponse& response) {
    return std::ranges::find(response.certificates(), string_of(before.der())) !=
           response.certificates().end();
  };
  CHECK_FALSE(has(value_of(world.service->fetch_certificates(request))));
  request.add_thumbprints(before.thumbprint().str());
  CHECK(has(value_of(world.service->fetch_certificates(request))));
}
