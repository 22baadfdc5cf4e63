// The TLS certificate and the SET certificate must name the same party.
#include "common/daemon/handle.h"
#include "tests/gateway/world.h"

namespace set::gateway::test {
namespace {

std::optional<PartyName> name_of(const TestParty& party) {
  return party_name(party.party->signature->leaf);
}

grpc::Status send_as(World& world, const std::optional<PartyName>& caller, ByteView bytes,
                     wire::MessageWrapper& out) {
  return world.service->authorize(caller, value_of(parse_wrapper(bytes)), out);
}

std::size_t payments(World& world) { return value_of(world.store.list(100)).size(); }

}  // namespace

TEST_CASE("both certificates of an enrolment name the same party") {
  const World world;
  for (const auto* party : {&world.merchant, &world.other_merchant, &world.gateway}) {
    const auto name = name_of(*party).value();
    CHECK(party_name(party->party->key_exchange->leaf) == name);
    const auto facts = value_of(tls_certificate_facts(party->tls().chain_pem));
    CHECK(facts.organization == name.brand);
    CHECK(facts.organizational_unit == to_string(name.role));
    CHECK(facts.common_name == name.name);
  }
  CHECK(name_of(world.merchant) == PartyName{PartyRole::merchant, "OpenSET", "400000/shop-1"});
  CHECK(name_of(world.gateway) == PartyName{PartyRole::gateway, "OpenSET", "400000/gateway-1"});
  CHECK_FALSE(party_name(world.cardholder.party.signature->leaf));
}

TEST_CASE("a merchant's message under another party's TLS certificate changes nothing") {
  World world;
  const auto request = world.make_auth_req(world.draft());
  const auto own = name_of(world.merchant);
  auto other_brand = own;
  other_brand->brand = "Other";
  auto other_role = own;
  other_role->role = PartyRole::gateway;
  for (const auto& wrong :
       {name_of(world.other_merchant), name_of(world.gateway), other_brand, other_role}) {
    wire::MessageWrapper out;
    const auto status = send_as(world, wrong, request.wire, out);
    CHECK(status.error_code() == grpc::StatusCode::PERMISSION_DENIED);
    CHECK(serialize(out).empty());
    CHECK(payments(world) == 0);
  }
  wire::MessageWrapper answer;
  REQUIRE(send_as(world, own, request.wire, answer).ok());
  const auto bytes = serialize(answer);
  CHECK(value_of(world.open(request, bytes)).message.auth_code == AuthCode::approved);
  CHECK(payments(world) == 1);

  // The stored answer is its own too, byte for byte.
  wire::MessageWrapper out;
  CHECK(send_as(world, name_of(world.other_merchant), request.wire, out).error_code() ==
        grpc::StatusCode::PERMISSION_DENIED);
  CHECK(serialize(out).empty());
  REQUIRE(send_as(world, own, request.wire, answer).ok());
  CHECK(serialize(answer) == bytes);
}

TEST_CASE("an answer is not taken from another party than its TLS certificate names") {
  World world;
  const auto request = world.make_auth_req(world.draft());
  const auto bytes = value_of(world.send(request.wire));
  const auto open = [&](const std::optional<PartyName>& by) {
    const auto envelope = value_of(read_envelope(value_of(parse_wrapper(bytes)), world.now));
    return Opener::answer<AuthRes>(envelope, request.pending, *world.merchant.party,
                                   {.brand = std::string(kBrand), .known = {}, .party = by},
                                   world.now);
  };
  CHECK(open(name_of(world.gateway)));
  for (const auto* wrong : {&world.other_gateway, &world.merchant}) {
    const auto answer = open(name_of(*wrong));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == ErrorCode::invalid_certificate);
    CHECK(peer_word(answer.error()) == PeerWord::none);
  }
}

TEST_CASE("nor is an Error") {
  World world;
  auto request = world.make_auth_req(world.draft());
  const auto wrapper = value_of(parse_wrapper(request.wire));
  const ReplyContext no_reply{
      request.rrpid, request.pending.request_digest, std::nullopt, std::nullopt, {}};
  const auto error =
      value_of(seal_error(ErrorCode::message_too_old, view_of(wrapper.header()), request.rrpid,
                          &no_reply, *world.gateway.party, world.now, world.rng));
  const auto word_if = [&](const TestParty& by) {
    const auto envelope = value_of(read_envelope(value_of(parse_wrapper(error)), world.now));
    const auto answer = Opener::answer<AuthRes>(
        envelope, request.pending, *world.merchant.party,
        {.brand = std::string(kBrand), .known = {}, .party = name_of(by)}, world.now);
    return peer_word(answer.error());
  };
  CHECK(word_if(world.gateway) == PeerWord::hint);
  CHECK(word_if(world.other_gateway) == PeerWord::none);
}

}  // namespace set::gateway::test
