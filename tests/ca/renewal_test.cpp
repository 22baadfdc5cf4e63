// Renewal end to end in one process: what is granted, and what is refused and leaves nothing
// behind.
#include "common/enrollment/renewal.h"
#include "common/daemon/identity.h"
#include "common/enrollment/renewer.h"
#include "common/message/account.h"
#include "tests/ca/ca_world.h"

namespace set::ca::test {
namespace {

const Passphrase& passphrase() {
  static const Passphrase value{std::string("passphrase")};
  return value;
}

/// A CA and an enrolled merchant or gateway.
struct Renewing : CaWorld {
  TemporaryDirectory home;
  std::filesystem::path directory = home.path / "daemon";

  Identity enrolled(Role role = Role::merchant) {
    must(enroll(party(role), token(token_record(role)), directory));
    return loaded();
  }
  Identity loaded() { return must(Identity::load(directory, passphrase(), system_clock()())); }

  std::int64_t issued() {
    return must(store.database().in_transaction("test", [](Transaction& t) -> Result<std::int64_t> {
      return TRY(t.query_one("SELECT count(*) FROM certificates"))->integer(0);
    }));
  }
  void revoke(const Certificate& certificate) {
    must(store.database().in_transaction("test", [&](Transaction& t) -> Result<void> {
      TRY(t.execute("UPDATE certificates SET state = 'revoked' WHERE thumbprint = $1",
                    {certificate.thumbprint()}));
      return {};
    }));
  }
};

/// A CertReq of a renewal, built by hand: each part can be made wrong.
struct ByHand {
  Renewing& world;
  const Party& renewed;
  PartyKeys keys = PartyKeys::generate(world.rng);
  PartyToEnroll who = must(party_to_renew(renewed.signature->leaf, RenewalOf::all));
  std::function<void(CertReq&)> change = [](CertReq&) {};
  std::function<void(wire::Signed&)> change_signed = [](wire::Signed&) {};
  bool second_signature = true;

  Result<CertRes> ask() {
    const auto now = world.clock();
    Party self{world.trust, nullptr, std::nullopt, nullptr, std::nullopt};
    auto init = must(make_me_aq_c_init_req(who, keys.key_exchange, self, now, world.rng));
    const auto init_res = must(send<MeAqCInitRes>(init.request, self));
    auto initiated = std::get<set::PartyInitiated>(must(accept_me_aq_c_init_res(
        std::move(init.next), keys.key_exchange, init_res, *world.trust, now)));
    const auto& registration = initiated.registration;
    CertReq req{.lid_ee = registration.lid_ee,
                .chall_ee3 = world.rng.make<Challenge>(),
                .lid_ca = registration.lid_ca,
                .chall_ca = initiated.chall_ca,
                .request_type = request_type_of(who),
                .request_date = now,
                .id_data = id_data_of(who),
                .reg_form_id = initiated.form.reg_form_id,
                .answers = {},
                .signature_key = keys.signature.public_key(),
                .encryption_key = keys.key_exchange.public_key().spki(),
                .kem_challenge_answer = bytes_of(initiated.kem_answer.reveal()),
                .tls_key = keys.tls.public_key,
                .tls_hosts = {},
                .thumbs = {},
                .ee_thumb = renewed.signature->leaf.thumbprint()};
    change(req);
    self.signer = std::shared_ptr<const Signer>(std::shared_ptr<const Signer>(), &keys.signature);
    return must(send_cert_req(req, self, registration.cae));
  }

 private:
  template <class Res>
  Result<OpenedAnswer<Res>> send(const Request& request, const Party& self) {
    const auto envelope = TRY(world.client.send(request, world.clock));
    return Opener::answer<Res>(envelope, request.pending, self, {}, world.clock());
  }
  Result<Result<CertRes>> send_cert_req(const CertReq& req, const Party& self,
                                        const Certificate& cae) {
    const auto& info = Treatment<CertReq>::info;
    const auto account =
        to_block(AcctData{Secret<std::string>(std::string("renewal")), world.rng.secret(32)});
    const RequestContext context{.self = self,
                                 .recipient = &cae,
                                 .rrpid = world.rng.make<RRPID>(),
                                 .trans_ids = std::nullopt,
                                 .now = world.clock(),
                                 .baggage = {},
                                 .account = &account};
    auto content_message = to_wire(req);
    *content_message.mutable_header() = request_header(info, context, true);
    const auto content = serialize(content_message);
    wire::Body body;
    auto& statement = *body.mutable_signed_statement();
    statement = TRY(sign_content(info, content, self));
    if (second_signature) TRY(sign_as_renewed(statement, renewed));
    add_chain(*body.mutable_bag(), *renewed.signature, {});
    change_signed(statement);
    const auto request = TRY(wrap_request(info, std::move(body), content, context, world.rng));
    const auto answer = send<CertRes>(request, self);
    if (!answer) return Result<CertRes>(failure(answer.error()));
    return Result<CertRes>(*answer->message);
  }
};

}  // namespace

TEST_CASE("merchant and gateway renew their certificates, and nothing of what they say changes") {
  Renewing world;
  const auto role = GENERATE(Role::merchant, Role::gateway);
  const auto before = world.enrolled(role);
  must(renew_party(world.client, *before.party, world.directory, passphrase(), system_clock(),
                   world.rng));
  const auto after = world.loaded();
  const auto& old_leaf = before.party->signature->leaf;
  const auto& new_leaf = after.party->signature->leaf;
  CHECK(new_leaf.thumbprint() != old_leaf.thumbprint());
  CHECK(new_leaf.public_key() != old_leaf.public_key());
  CHECK(after.party->key_exchange->leaf.public_key() !=
        before.party->key_exchange->leaf.public_key());
  CHECK(new_leaf.common_name() == old_leaf.common_name());
  CHECK(new_leaf.organizational_unit() == old_leaf.organizational_unit());
  if (role == Role::merchant) {
    CHECK(new_leaf.merchant_data()->merchant_id == "shop-1");
    CHECK(new_leaf.merchant_data()->name == "Corner Shop");
    CHECK(new_leaf.merchant_data()->city == "Berlin");
    CHECK(new_leaf.merchant_data()->country == 276);
  }
  const auto old_tls = must(tls_certificate_facts(before.tls.chain_pem));
  const auto new_tls = must(tls_certificate_facts(after.tls.chain_pem));
  CHECK(new_tls.fingerprint_hex != old_tls.fingerprint_hex);
  CHECK(new_tls.hosts == old_tls.hosts);
  CHECK(new_tls.hosts == std::vector<std::string>{"localhost"});
  CHECK(new_tls.common_name == old_tls.common_name);
}

TEST_CASE("what a renewal replaced goes on until it ends") {
  Renewing world;
  const auto before = world.enrolled();
  must(renew_party(world.client, *before.party, world.directory, passphrase(), system_clock(),
                   world.rng));
  const auto after = world.loaded();
  const auto now = system_clock()();
  REQUIRE(after.party->earlier_signatures.size() == 1);
  REQUIRE(after.party->earlier_key_exchanges.size() == 1);
  const auto& old_kem = before.party->key_exchange->leaf;
  const auto old_pair = key_exchange_named(*after.party, old_kem.thumbprint().view(), now);
  REQUIRE(old_pair);
  CHECK(old_pair->kem.public_key().spki() == old_kem.public_key());
  CHECK_FALSE(key_exchange_named(*after.party, old_kem.thumbprint().view(),
                                 old_kem.not_after() + std::chrono::seconds(1)));

  const auto& old_signature = before.party->signature->leaf;
  const auto as_before = signing_as(*after.party, old_signature.thumbprint(), now);
  CHECK(as_before.signature->leaf.thumbprint() == old_signature.thumbprint());
  CHECK(as_before.signer->public_key() == old_signature.public_key());
  const auto later = signing_as(*after.party, old_signature.thumbprint(),
                                old_signature.not_after() + std::chrono::seconds(1));
  CHECK(later.signature->leaf.thumbprint() == after.party->signature->leaf.thumbprint());
  const auto unknown = signing_as(*after.party, Thumbprint{}, now);
  CHECK(unknown.signature->leaf.thumbprint() == after.party->signature->leaf.thumbprint());

  // A second renewal keeps both.
  must(renew_party(world.client, *after.party, world.directory, passphrase(), system_clock(),
                   world.rng));
  CHECK(world.loaded().party->earlier_signatures.size() == 2);
}

TEST_CASE("the TLS certificate is renewed alone, signed by the certificate that there is") {
  Renewing world;
  const auto before = world.enrolled();
  const auto issued = world.issued();
  must(renew_tls(world.client, *before.party, world.directory, passphrase(), system_clock(),
                 world.rng));
  CHECK(world.issued() == issued + 1);
  const auto after = world.loaded();
  CHECK(after.party->signature->leaf.thumbprint() == before.party->signature->leaf.thumbprint());
  CHECK(after.party->key_exchange->leaf.thumbprint() ==
        before.party->key_exchange->leaf.thumbprint());
  CHECK(after.party->earlier_signatures.empty());
  const auto old_tls = must(tls_certificate_facts(before.tls.chain_pem));
  const auto new_tls = must(tls_certificate_facts(after.tls.chain_pem));
  CHECK(new_tls.fingerprint_hex != old_tls.fingerprint_hex);
  CHECK(new_tls.hosts == old_tls.hosts);

  world.revoke(before.party->signature->leaf);
  CHECK(code_of(renew_tls(world.client, *before.party, world.directory, passphrase(),
                          system_clock(), world.rng)) == ErrorCode::permission_denied);
  CHECK(world.issued() == issued + 1);
}

TEST_CASE("a renewal by hand, with everything right, is granted") {
  Renewing world;
  const auto identity = world.enrolled();
  CHECK(must(ByHand{world, *identity.party}.ask()).status == CertStatusCode::request_complete);
}

TEST_CASE("a renewal that is not the certificate owner's leaves nothing behind") {
  Renewing world;
  const auto identity = world.enrolled();
  const auto& renewed = *identity.party;
  const auto issued = world.issued();
  ByHand by_hand{world, renewed};
  const auto status = [&] { return must(by_hand.ask()).status; };
  const auto code = [&] { return code_of(by_hand.ask()); };

  SECTION("of a revoked certificate") {
    world.revoke(renewed.signature->leaf);
    CHECK(status() == CertStatusCode::rejected_by_ca);
  }
  SECTION("with one signature") {
    by_hand.second_signature = false;
    CHECK(status() == CertStatusCode::sig_validation_fail);
  }
  SECTION("of another merchant's certificate") {
    by_hand.who.id = "shop-2";
    CHECK(status() == CertStatusCode::rejected_by_ca);
  }
  SECTION("of a merchant's certificate, for a gateway") {
    by_hand.who.role = Role::gateway;
    CHECK(status() == CertStatusCode::rejected_by_ca);
  }
  SECTION("that names another certificate than the one that signed") {
    by_hand.change = [&](CertReq& req) { req.ee_thumb = renewed.key_exchange->leaf.thumbprint(); };
    CHECK(status() == CertStatusCode::rejected_by_ca);
  }
  SECTION("with the key that is certified already") {
    by_hand.keys.key_exchange = must(KemPrivateKey::from_seed(renewed.kem->seed().reveal()));
    CHECK(status() == CertStatusCode::rejected_by_ca);
  }
  SECTION("with an answer to another challenge") {
    by_hand.change = [&](CertReq& req) { req.kem_challenge_answer = world.rng.bytes(32); };
    CHECK(status() == CertStatusCode::rejected_by_ca);
  }
  SECTION("with hosts of its own choice") {
    by_hand.change = [](CertReq& req) { req.tls_hosts = {"evil.example"}; };
    CHECK(code() == ErrorCode::decoding_failure);
  }
  SECTION("with a changed second signature") {
    by_hand.change_signed = [](wire::Signed& s) { (*s.mutable_renewed_signature())[100] ^= 1; };
    CHECK(code() == ErrorCode::signature_failure);
  }
  SECTION("with a changed first signature") {
    by_hand.change_signed = [](wire::Signed& s) { (*s.mutable_signature())[100] ^= 1; };
    CHECK(code() == ErrorCode::signature_failure);
  }
  SECTION("with the signatures exchanged") {
    by_hand.change_signed = [](wire::Signed& s) {
      s.mutable_signature()->swap(*s.mutable_renewed_signature());
    };
    CHECK(code() == ErrorCode::signature_failure);
  }
  SECTION("with the new key's signature twice") {
    by_hand.change_signed = [](wire::Signed& s) { s.set_renewed_signature(s.signature()); };
    CHECK(code() == ErrorCode::signature_failure);
  }
  SECTION("with a second signature under the form for one") {
    by_hand.change_signed = [](wire::Signed& s) { s.set_form(1); };
    CHECK(code() == ErrorCode::decoding_failure);
  }
  SECTION("with a signer named beside the new key") {
    by_hand.change_signed = [](wire::Signed& s) { s.set_signer(s.renewed()); };
    CHECK(code() == ErrorCode::decoding_failure);
  }
  SECTION("of a certificate that is not enclosed") {
    by_hand.change_signed = [](wire::Signed& s) { (*s.mutable_renewed())[3] ^= 1; };
    CHECK(code() == ErrorCode::missing_certificate);
  }
  SECTION("of a key-exchange certificate") {
    by_hand.change_signed = [&](wire::Signed& s) {
      s.set_renewed(renewed.key_exchange->leaf.thumbprint().str());
    };
    CHECK(code() == ErrorCode::missing_certificate);  // only the signature chain is enclosed
  }
  CHECK(world.issued() == issued);
}

TEST_CASE("a certificate that has ended is not renewed") {
  Renewing world;
  const auto identity = world.enrolled();
  const auto issued = world.issued();
  world.shift_ms = Duration(std::chrono::hours(24 * 366)).count();
  CHECK(code_of(renew_party(world.client, *identity.party, world.directory, passphrase(),
                            world.clock, world.rng)) == ErrorCode::expired_certificate);
  CHECK(code_of(renew_tls(world.client, *identity.party, world.directory, passphrase(), world.clock,
                          world.rng)) == ErrorCode::expired_certificate);
  // The CA sees it, too.
  CHECK(code_of(ByHand{world, *identity.party}.ask()) == ErrorCode::expired_certificate);
  CHECK(world.issued() == issued);
}

TEST_CASE("a certificate of another hierarchy is not renewed here") {
  Renewing world, other;
  const auto identity = other.enrolled();
  const auto code = code_of(ByHand{world, *identity.party}.ask());
  CHECK((code == ErrorCode::missing_certificate || code == ErrorCode::invalid_certificate));
}

TEST_CASE("a certificate that was revoked while its renewal was made is not renewed") {
  Renewing world;
  const auto identity = world.enrolled();
  const auto& leaf = identity.party->signature->leaf;
  Completion completion{Certified{},  {},    {}, std::nullopt,
                        std::nullopt, false, {}, leaf.thumbprint()};
  const auto now = system_clock()();
  const CardInitiated session{{LIDCA{string_of(world.rng.bytes(20))}, LIDEE{"ee"},
                               world.rng.make<Digest>(), now + kSessionLife, 0}};
  must(world.store.insert(session, now));
  completion.next.head = session.head;
  world.revoke(leaf);
  const auto refusal = must(world.store.complete(completion, now));
  REQUIRE(refusal);
  CHECK(refusal->status == CertStatusCode::rejected_by_ca);
}

TEST_CASE("what is due is renewed and nothing else") {
  Renewing world;
  const auto identity = world.enrolled();
  const auto plan = must(renewal_plan(*identity.party, identity.tls));
  const auto ask = [&](Instant at, bool force) {
    return must(renew_what_is_due(
        world.server.address(), *identity.party, identity.tls, world.directory, passphrase(), force,
        [at] { return at; }, world.rng));
  };
  const auto now = system_clock()();
  CHECK_FALSE(ask(now, false));
  CHECK(plan.tls_due > plan.tls_until - plan.tls_life * 1 / 3 - std::chrono::seconds(1));
  CHECK(plan.tls_due < plan.tls_until - plan.tls_life / 4);
  CHECK(plan.party_needs_it(plan.signature_due));
  CHECK_FALSE(plan.party_needs_it(plan.tls_due));
  CHECK(ask(now, true));
  CHECK(world.loaded().party->signature->leaf.thumbprint() !=
        identity.party->signature->leaf.thumbprint());
  CHECK(code_of(renew_what_is_due("", *identity.party, identity.tls, world.directory, passphrase(),
                                  true, system_clock(), world.rng)) == ErrorCode::invalid_argument);
}

TEST_CASE("an enrolled directory knows its CA") {
  Renewing world;
  world.enrolled();
  CHECK(ca_address_of(world.directory) == world.server.address());
  CHECK(ca_address_of("/nowhere").empty());
}

TEST_CASE("a cardholder renews: another key, another pseudonym, the same card") {
  CaWorld world;
  const auto first = must(world.register_card(card()));
  const Party cardholder{world.trust,
                         std::shared_ptr<const Signer>(std::shared_ptr<const Signer>(), &first.key),
                         first.certificate, nullptr, std::nullopt};
  const auto without_cvv = [](std::string_view pan, std::string_view expiry = kExpiry) {
    return CardToRegister{must(Pan::parse(pan)), must(CardExpiry::parse(expiry)), std::nullopt};
  };
  const auto renew = [&](const CardToRegister& to_renew) {
    return renew_cardholder(world.client, cardholder, to_renew, {}, system_clock(), world.rng);
  };
  SECTION("granted without form and verification value") {
    const auto second = must(renew(without_cvv(kApprovePan)));
    CHECK(second.certificate.leaf.common_name() != first.certificate.leaf.common_name());
    CHECK(second.key.public_key() != first.key.public_key());
    CHECK_FALSE(equal(second.pan_secret.reveal(), first.pan_secret.reveal()));
    CHECK_FALSE(equal(second.card_secret.reveal(), first.card_secret.reveal()));
  }
  SECTION("not for another card") {
    CHECK(code_of(renew(without_cvv(kDeclinePan))) == ErrorCode::declined);
  }
  SECTION("not for another expiry than the issuer knows") {
    CHECK(code_of(renew(without_cvv(kApprovePan, "203011"))) == ErrorCode::declined);
  }
  SECTION("not of a revoked certificate") {
    must(world.store.database().in_transaction("test", [&](Transaction& t) -> Result<void> {
      TRY(t.execute("UPDATE certificates SET state = 'revoked' WHERE role = 'cardholder'"));
      return {};
    }));
    CHECK(code_of(renew(without_cvv(kApprovePan))) == ErrorCode::declined);
  }
}

TEST_CASE("the CA's own TLS certificate is another one after two thirds of its life") {
  CaWorld world;
  world.ca.settings.lifetimes.tls = std::chrono::hours(3);
  auto now = system_clock()();
  const auto tls = must(keep_tls_identity(
      world.ca, [&now] { return now; }, world.rng));
  const auto first = tls();
  now += std::chrono::minutes(90);
  CHECK(tls() == first);
  now += std::chrono::minutes(45);
  const auto second = tls();
  CHECK(second != first);
  CHECK(second->chain_pem != first->chain_pem);
  CHECK(tls() == second);
}

}  // namespace set::ca::test
