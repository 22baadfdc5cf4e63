// Revocation at the CA: what an order revokes, what is published, and how it reaches a Trust.
#include "ca/profile.h"
#include "ca/publication.h"
#include "common/daemon/files.h"
#include "common/daemon/revocation_file.h"
#include "tests/ca/ca_world.h"
#include "tests/support/databases.h"

namespace set::ca::test {
namespace {

/// A CA whose lists are published, and a trust that knows nothing of them yet.
struct RevocationWorld : CaWorld {
  RevocationStore revocations{store.database()};
  Publisher publisher{{ca, store.database(), {}, clock}};
  TemporaryDirectory home;

  RevocationWorld() { must(publisher.start()); }

  std::shared_ptr<const Trust> new_trust() const {
    return std::make_shared<const Trust>(must(Trust::parse(trust->pem(), "", system_clock()())));
  }
  PartyCertified enrolled(Role role, const std::string& name) {
    return must(enroll(party(role), token(token_record(role)), home.path / name));
  }
  Result<void> verify(const Trust& by, const Chain& chain, Role role) const {
    return by.verify(chain.leaf, chain.issuers, {role, KeyUse::signature, std::string(kBrand)},
                     clock());
  }
  std::uint64_t number(std::string_view of) {
    for (const auto& state : must(revocations.crl_states())) {
      if (state.issuer == of) return state.number;
    }
    return 0;
  }
};

RevocationOrder of_party(const std::string& id, std::optional<Role> role = std::nullopt) {
  return {ByParty{id, role}, RevocationReason::key_compromise};
}

}  // namespace

TEST_CASE("a revoked party is refused everywhere as soon as its list is published") {
  RevocationWorld world;
  const auto shop = world.enrolled(Role::merchant, "shop");
  const auto gateway = world.enrolled(Role::gateway, "gateway");
  const auto holder = must(world.register_card(card()));
  const auto reader = world.new_trust();
  must(world.client.fetch_revocations(*reader, world.clock()));
  must(world.verify(*reader, shop.signature, Role::merchant));
  const auto sequence = reader->revocation().of(std::string(kBrand))->sequence_num;

  const auto done =
      must(world.revocations.revoke(of_party("400000/shop-1", Role::merchant), world.clock()));
  CHECK(done.size() == 3);  // signature, key exchange, TLS
  CHECK(must(world.publisher.publish_if_due()));
  must(world.client.fetch_revocations(*reader, world.clock()));
  CHECK(reader->revocation().of(std::string(kBrand))->sequence_num > sequence);
  CHECK(code_of(world.verify(*reader, shop.signature, Role::merchant)) ==
        ErrorCode::revoked_certificate);
  CHECK(code_of(reader->verify(shop.key_exchange.leaf, shop.key_exchange.issuers,
                               {Role::merchant, KeyUse::key_exchange, ""}, world.clock())) ==
        ErrorCode::revoked_certificate);
  must(world.verify(*reader, gateway.signature, Role::gateway));
  must(world.verify(*reader, holder.certificate, Role::cardholder));
  CHECK(must(world.revocations.is_revoked(shop.signature.leaf.thumbprint())));
  CHECK_FALSE(must(world.revocations.is_revoked(gateway.signature.leaf.thumbprint())));

  // The cardholder by thumbprint, the gateway by serial number.
  must(world.revocations.revoke({ByThumbprint{holder.certificate.leaf.thumbprint()}, {}},
                                world.clock()));
  must(
      world.revocations.revoke({BySerial{gateway.signature.leaf.serial_hex()}, {}}, world.clock()));
  CHECK(must(world.publisher.publish_if_due()));
  must(world.client.fetch_revocations(*reader, world.clock()));
  CHECK(code_of(world.verify(*reader, holder.certificate, Role::cardholder)) ==
        ErrorCode::revoked_certificate);
  CHECK(code_of(world.verify(*reader, gateway.signature, Role::gateway)) ==
        ErrorCode::revoked_certificate);
}

TEST_CASE("revoking twice changes nothing; what is not ours or not there is said") {
  RevocationWorld world;
  world.enrolled(Role::merchant, "shop");
  const auto at = world.clock();
  const auto first = must(world.revocations.revoke(of_party("400000/shop-1"), at));
  CHECK(must(world.publisher.publish_if_due()));
  const auto again = must(world.revocations.revoke(
      {ByParty{"400000/shop-1", std::nullopt}, RevocationReason::superseded},
      at + std::chrono::hours(1)));
  REQUIRE(again.size() == first.size());
  for (const auto& record : again) {
    CHECK(record.before);
    CHECK(record.revoked_at == at);
    CHECK(record.reason == RevocationReason::key_compromise);
  }
  CHECK_FALSE(must(world.publisher.publish_if_due()));
  CHECK(code_of(world.revocations.revoke(of_party("400000/nobody"), at)) == ErrorCode::not_found);
  CHECK(code_of(world.revocations.revoke({BySerial{"00ff"}, {}}, at)) == ErrorCode::not_found);
  must(world.store.insert_own({record_of(world.ca.authorities.mca.certificate, "")}, at));
  CHECK(code_of(world.revocations.revoke(
            {ByThumbprint{world.ca.authorities.mca.certificate.thumbprint()}, {}}, at)) ==
        ErrorCode::invalid_argument);
}

TEST_CASE("a merchant and a gateway of one id are told apart") {
  RevocationWorld world;
  auto record = world.token_record(Role::gateway);
  record.id = "shop-1";
  auto gateway = CaWorld::party(Role::gateway);
  gateway.id = "shop-1";
  must(world.enroll(gateway, world.token(record), world.home.path / "gateway"));
  world.enrolled(Role::merchant, "shop");
  CHECK(code_of(world.revocations.revoke(of_party("400000/shop-1"), world.clock())) ==
        ErrorCode::invalid_argument);
  const auto pca = world.number("pca"), mca = world.number("mca");
  must(world.revocations.revoke(of_party("400000/shop-1", Role::gateway), world.clock()));
  CHECK(must(world.publisher.publish_if_due()));
  CHECK(world.number("pca") > pca);
  CHECK(world.number("mca") == mca);  // only the list that changed is made anew
}

TEST_CASE("what is due is made anew: the BCI by the hour, a list at half its life") {
  RevocationWorld world;
  const auto sequence = [&] { return must(world.revocations.bci_state()).sequence_num; };
  const auto first = sequence(), cca = world.number("cca");
  CHECK_FALSE(must(world.publisher.publish_if_due()));
  world.shift_ms = Duration(std::chrono::minutes(61)).count();
  CHECK(must(world.publisher.publish_if_due()));
  CHECK(sequence() > first);
  CHECK(world.number("cca") == cca);
  world.shift_ms = Duration(std::chrono::hours(24 * 4)).count();
  CHECK(must(world.publisher.publish_if_due()));
  CHECK(world.number("cca") > cca);
  CHECK(world.number("root") == 1);  // a list of a key that is not here stays
}

TEST_CASE("an expired entry leaves the list") {
  RevocationWorld world;
  const auto shop = world.enrolled(Role::merchant, "shop");
  must(world.revocations.revoke(of_party("400000/shop-1"), world.clock()));
  CHECK(must(world.revocations.revoked("mca", world.clock())).size() == 2);
  const auto end = shop.signature.leaf.not_after();
  CHECK(must(world.revocations.revoked("mca", end)).size() == 2);
  CHECK(must(world.revocations.revoked("mca", end + std::chrono::seconds(1))).empty());
}

TEST_CASE("what is published survives a restart, and a revocation made meanwhile is taken up") {
  RevocationWorld world;
  world.enrolled(Role::merchant, "shop");
  const auto before = world.trust->revocation().of(std::string(kBrand));
  Publisher again({world.ca, world.store.database(), {}, world.clock});
  must(again.start());
  CHECK(world.trust->revocation().of(std::string(kBrand))->sequence_num == before->sequence_num);
  must(world.revocations.revoke(of_party("400000/shop-1"), world.clock()));
  Publisher third({world.ca, world.store.database(), {}, world.clock});
  must(third.start());
  CHECK(must(Crl::parse(third.file("mca.crl"))).size() == 2);
  CHECK(third.file("nobody.crl").empty());
  CHECK_FALSE(third.file("brand.bci").empty());
}

TEST_CASE("a CA that the brand revokes takes everybody below it along") {
  auto& rng = Rng::system();
  const auto now = system_clock()();
  auto h = must(make_hierarchy({std::string(kBrand), ""}, now, rng));
  const auto ca = loaded(h, kBrand, now);
  const auto& mca = ca.authorities.mca;
  const MerchantData data{"shop-1", std::string(kBin), "Corner Shop", "Berlin", 276, false};
  const auto key = SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_65, rng);
  auto contents =
      merchant_profile({std::string(kBrand), ""}, data, KeyUse::signature, mca.certificate, now);
  const auto leaf = must(issue(must(prepare(contents, key.public_key(), mca, now)), rng));
  const std::vector<Certificate> issuers{mca.certificate, h.brand.certificate};
  const Expected expected{Role::merchant, KeyUse::signature, std::string(kBrand)};

  auto store = must(Store::open(test::database_url()));
  RevocationStore revocations(store.database());
  Publisher publisher({ca, store.database(), {}, system_clock()});
  must(publisher.start());
  must(ca.party->trust->verify(leaf, issuers, expected, now));

  const std::vector<Certificate> list{mca.certificate};
  const auto reason = RevocationReason::ca_compromise;
  const auto crl = must(revoke_offline(h.brand, h.crls.brand, list, reason, now));
  CHECK(must(revoke_offline(h.brand, crl, list, reason, now)).thumbprint() == crl.thumbprint());
  const std::vector<Certificate> another{ca.authorities.pca.certificate};
  const auto both = must(revoke_offline(h.brand, crl, another, reason, now));
  CHECK(both.size() == 2);
  CHECK(both.number() > crl.number());
  CHECK(must(revocations.import("brand", crl)));
  CHECK_FALSE(must(revocations.import("brand", crl)));
  CHECK_FALSE(must(revocations.import("brand", must(make_offline_crl(h.brand, 1, {}, now)))));
  CHECK(must(publisher.publish_if_due()));
  CHECK(code_of(ca.party->trust->verify(leaf, issuers, expected, now)) ==
        ErrorCode::revoked_certificate);
}

TEST_CASE("a revoked key of the brand signs no BCI, also none that leaves the brand's list out") {
  const auto now = system_clock()();
  auto h = must(make_hierarchy({std::string(kBrand), ""}, now, Rng::system()));
  const auto ca = loaded(h, kBrand, now);
  auto store = must(Store::open(test::database_url()));
  Publisher publisher({ca, store.database(), {}, system_clock()});
  must(publisher.start());
  const auto& trust = *ca.party->trust;
  auto known = *trust.revocation().of(std::string(kBrand));
  const auto without_lists = [&](std::uint64_t sequence_num) {
    const BrandCRLIdentifier contents{.sequence_num = sequence_num,
                                      .brand = std::string(kBrand),
                                      .not_before = now,
                                      .not_after = now + std::chrono::hours(24),
                                      .crls = {}};
    return must(make_bci(contents, {ca.bci.key, ca.bci.certificate}, {&h.brand.certificate, 1}));
  };
  must(accept_bci(without_lists(known.sequence_num + 1), {}, trust, now));

  // What the brand's new key has published: the old one is revoked.
  const std::vector<Certificate> revoked{ca.bci.certificate};
  const auto list =
      must(revoke_offline(h.brand, h.crls.brand, revoked, RevocationReason::ca_compromise, now));
  std::ranges::replace_if(
      known.crls, [&](const Crl& crl) { return crl.issuer() == list.issuer(); }, list);
  ++known.sequence_num;
  known.thumbprint = thumbprint_of(known.crls.front().der());  // any other than before
  must(trust.revocation().adopt(known));
  CHECK(code_of(accept_bci(without_lists(known.sequence_num + 1), {}, trust, now)) ==
        ErrorCode::revoked_certificate);
}

TEST_CASE("numbers go on, and a CA that was made anew begins above its predecessor") {
  const auto now = system_clock()();
  const auto first = next_number(0, now);
  CHECK(next_number(first, now) == first + 1);
  CHECK(next_number(first, now - std::chrono::hours(1)) == first + 1);
  CHECK(next_number(0, now + std::chrono::hours(1)) == first + 3600);
  CHECK(next_number(0, Instant()) == 1);
}

TEST_CASE("answers bring what the requester lacks, once; an enrolment keeps it") {
  RevocationWorld world;
  const auto reader = world.new_trust();
  const auto client = CaClient::connect(world.server.address(), *reader);
  CHECK(reader->revocation().all().empty());
  must(register_cardholder(client, reader, card(), {"", "en", answers()}, system_clock(),
                           world.rng));
  const auto known = reader->revocation().of(std::string(kBrand));
  REQUIRE(known != nullptr);
  CHECK(known->crls.size() == 5);
  const auto epoch = reader->revocation().epoch();
  must(client.fetch_revocations(*reader, world.clock()));
  CHECK(reader->revocation().epoch() == epoch);

  world.enrolled(Role::merchant, "shop");
  const auto later = world.new_trust();
  must(keep_revocations(world.home.path / "shop" / kRevocationFile, *later, world.clock()));
  CHECK(later->revocation().of(std::string(kBrand)) != nullptr);
}

TEST_CASE("what is kept is not forgotten by a restart, and an older answer changes nothing") {
  RevocationWorld world;
  const auto shop = world.enrolled(Role::merchant, "shop");
  const auto file = world.home.path / "kept.set";
  const auto first = world.new_trust();
  must(keep_revocations(file, *first, world.clock()));
  must(world.client.fetch_revocations(*first, world.clock()));
  wire::CertificateBag old;
  add_revocations(old, *first->revocation().of(std::string(kBrand)), {}, 1 << 20);
  must(world.revocations.revoke(of_party("400000/shop-1"), world.clock()));
  CHECK(must(world.publisher.publish_if_due()));
  must(world.client.fetch_revocations(*first, world.clock()));

  const auto second = world.new_trust();
  must(keep_revocations(file, *second, world.clock()));
  CHECK(code_of(world.verify(*second, shop.signature, Role::merchant)) ==
        ErrorCode::revoked_certificate);
  must(adopt_revocations(old, *second, world.clock()));  // passed over
  CHECK(code_of(world.verify(*second, shop.signature, Role::merchant)) ==
        ErrorCode::revoked_certificate);
  must(write_file_atomically(file, std::string_view("nonsense")));
  CHECK(code_of(keep_revocations(file, *world.new_trust(), world.clock())) ==
        ErrorCode::bad_config);
}

TEST_CASE("a BCI that is changed, incomplete or of another brand is refused") {
  RevocationWorld world;
  const auto set = world.trust->revocation().of(std::string(kBrand));
  REQUIRE(set != nullptr);
  const auto now = world.clock();
  const auto fresh = world.new_trust();
  must(accept_bci(set->bci, set->crls, *fresh, now));

  // A CRL less than named.
  auto fewer = set->crls;
  fewer.pop_back();
  CHECK(code_of(accept_bci(set->bci, fewer, *fresh, now)) == ErrorCode::missing_certificate);
  // Another root.
  const auto stranger = make_ca();
  CHECK_FALSE(accept_bci(set->bci, set->crls, *stranger.party->trust, now));

  const BrandCRLIdentifier contents{.sequence_num = 9,
                                    .brand = std::string(kBrand),
                                    .not_before = set->not_before,
                                    .not_after = set->not_after,
                                    .crls = set->identifiers};
  const std::vector<Certificate> certificates{
      world.ca.offline_crls.at(1).issuer, world.ca.authorities.cca.certificate,
      world.ca.authorities.mca.certificate, world.ca.authorities.pca.certificate};
  const auto made = [&](const BrandCRLIdentifier& bci, const Authority& by) {
    return must(make_bci(bci, {by.key, by.certificate}, certificates));
  };
  must(accept_bci(made(contents, world.ca.bci), set->crls, *fresh, now));
  auto tomorrow = contents;
  tomorrow.not_before = now + std::chrono::hours(1);
  CHECK(code_of(accept_bci(made(tomorrow, world.ca.bci), set->crls, *fresh, now)) ==
        ErrorCode::message_too_new);
  // Signed by a CA that is no brand.
  CHECK(code_of(accept_bci(made(contents, world.ca.authorities.mca), set->crls, *fresh, now)) ==
        ErrorCode::invalid_certificate);
  // Of another brand than its signer.
  auto other = contents;
  other.brand = "Other";
  CHECK(code_of(accept_bci(made(other, world.ca.bci), set->crls, *fresh, now)) ==
        ErrorCode::invalid_certificate);
  // A CRL under another hierarchy's CA.
  auto foreign = contents;
  const auto their_crl = must(make_crl(stranger.authorities.mca, 1, {}, {}, now));
  foreign.crls = {{their_crl.issuer(), 1}};
  CHECK(code_of(accept_bci(made(foreign, world.ca.bci), {&their_crl, 1}, *fresh, now)) ==
        ErrorCode::missing_certificate);
  // Each octet matters: it no longer parses, or no longer verifies.
  auto bytes = set->bci;
  for (std::size_t at = 0; at < bytes.size(); at += 509) {
    bytes[at] ^= 1;
    INFO("octet " << at);
    CHECK_FALSE(accept_bci(bytes, set->crls, *fresh, now));
    bytes[at] ^= 1;
  }
}

TEST_CASE("the times of a publication fit each other") {
  must(check_times({}));
  CHECK(code_of(check_times({.bci_life = std::chrono::hours(1),
                             .bci_every = std::chrono::hours(1)})) == ErrorCode::invalid_argument);
  CHECK(code_of(check_times({.crl_life = std::chrono::hours(1)})) == ErrorCode::invalid_argument);
  CHECK(code_of(check_times({.bci_every = Duration::zero()})) == ErrorCode::invalid_argument);
}

}  // namespace set::ca::test
