// Registration end to end in one process, over gRPC and TLS on loopback.
#include <fstream>

#include "common/daemon/identity.h"
#include "common/enrollment/pending.h"
#include "common/message/account.h"
#include "tests/ca/ca_world.h"

namespace set::ca::test {

TEST_CASE("a cardholder registers and holds a certificate under the card's pseudonym") {
  CaWorld world;
  const auto to_register = card();
  const auto registered = must(world.register_card(to_register));
  const auto& leaf = registered.certificate.leaf;
  CHECK(leaf.has_role(Role::cardholder));
  CHECK(leaf.brand() == kBrand);
  CHECK(leaf.common_name() ==
        cardholder_pseudonym(to_register.pan, to_register.expiry, registered.pan_secret.reveal()));
  CHECK(equal(leaf.public_key(), registered.key.public_key()));
  CHECK(leaf.not_after() < to_register.expiry.end());
  must(world.trust->verify(leaf, registered.certificate.issuers,
                           {Role::cardholder, KeyUse::signature, std::string(kBrand)},
                           system_clock()()));
}

TEST_CASE("the same card registered twice has two pseudonyms") {
  CaWorld world;
  const auto first = must(world.register_card(card()));
  const auto second = must(world.register_card(card()));
  CHECK(first.certificate.leaf.common_name() != second.certificate.leaf.common_name());
}

TEST_CASE("card data that the issuer does not confirm is declined, without saying which") {
  CaWorld world;
  CHECK(code_of(world.register_card(card(kApprovePan, kExpiry, "999"))) == ErrorCode::declined);
  CHECK(code_of(world.register_card(card(kApprovePan, "203011"))) == ErrorCode::declined);
  CHECK(code_of(world.register_card(card(kSandboxStranger))) ==
        ErrorCode::declined);  // BIN served, no card
  CHECK(code_of(world.register_card(card(), answers("Mallory"))) == ErrorCode::declined);
}

TEST_CASE(
    "after five wrong attempts on one card the right data is refused too, until a day has passed") {
  CaWorld world;
  for (int i = 0; i < 5; ++i) {
    CHECK(code_of(world.register_card(card(kApprovePan, kExpiry, "999"))) == ErrorCode::declined);
  }
  CHECK(code_of(world.register_card(card())) == ErrorCode::declined);
  must(world.register_card(card(kDeclinePan)));  // another card is not concerned
  must(world.store.purge(system_clock()() + std::chrono::hours(25)));
  must(world.register_card(card()));
}

TEST_CASE("a card of an issuer that is not served is referred elsewhere") {
  CaWorld world;
  CHECK(code_of(world.register_card(card(kMastercard))) == ErrorCode::not_found);
}

TEST_CASE("answers that do not fit the form are named by their number") {
  CaWorld world;
  const auto fill = [](const std::string& name) {
    return [name](const RegFormData&,
                  const std::vector<FailedItem>&) -> Result<std::vector<RegFormAnswer>> {
      return std::vector<RegFormAnswer>{{"cardholderName", "", name}};
    };
  };
  const auto too_long = world.register_card(card(), fill(std::string(41, 'a')));
  CHECK(code_of(too_long) == ErrorCode::invalid_argument);
  CHECK(too_long.error().detail.find("field 1") != std::string::npos);
}

TEST_CASE("a brand that the CA does not serve is refused") {
  CaWorld world;
  const auto result = register_cardholder(world.client, world.trust, card(),
                                          {"Other", "en", answers()}, system_clock(), world.rng);
  CHECK(code_of(result) == ErrorCode::message_not_supported);
}

TEST_CASE("a form in a language that the CA has not is refused in the end") {
  CaWorld world;
  const auto result = register_cardholder(world.client, world.trust, card(), {"", "de", answers()},
                                          system_clock(), world.rng);
  CHECK(code_of(result) == ErrorCode::invalid_argument);
}

TEST_CASE("a CA of another hierarchy is not believed") {
  CaWorld world, other;
  const auto client = CaClient::connect(world.server.address(), *other.trust);
  const auto result = register_cardholder(client, other.trust, card(), {"", "en", answers()},
                                          system_clock(), other.rng);
  CHECK(code_of(result) == ErrorCode::peer_unavailable);  // TLS ends it already
}

TEST_CASE("merchant and gateway enrol with a token and get a directory that loads") {
  CaWorld world;
  const auto role = GENERATE(Role::merchant, Role::gateway);
  TemporaryDirectory home;
  const auto directory = home.path / "daemon";
  const auto certified =
      must(world.enroll(CaWorld::party(role), world.token(world.token_record(role)), directory));
  CHECK(certified.signature.leaf.has_role(role));
  CHECK_FALSE(std::filesystem::exists(directory / "enrolling.set"));
  const auto identity =
      must(Identity::load(directory, Passphrase(std::string("passphrase")), system_clock()()));
  CHECK(identity.party->signature->leaf.has_role(role));
  CHECK(identity.party->key_exchange->leaf.key_use() == KeyUse::key_exchange);
  if (role == Role::merchant) {
    const auto data = identity.party->signature->leaf.merchant_data();
    REQUIRE(data);
    CHECK(data->merchant_id == "shop-1");
    CHECK(data->name == "Corner Shop");
    CHECK(identity.party->key_exchange->leaf.merchant_data());
  } else {
    CHECK(identity.party->signature->leaf.common_name() == "gateway-1");
    CHECK(identity.party->key_exchange->leaf.card_cert_required() == true);
  }
  const auto facts = must(tls_certificate_facts(identity.tls.chain_pem));
  CHECK(facts.organizational_unit == to_string(role));
}

TEST_CASE("a token is good once, in time, for its role, BIN, id and hosts") {
  CaWorld world;
  TemporaryDirectory home;
  const auto refused = [&](const PartyToEnroll& party, const Secret<std::string>& token) {
    const auto result = world.enroll(party, token, home.path / "daemon");
    CHECK(code_of(result) == ErrorCode::permission_denied);
    return result.error().detail;
  };
  const auto says = [](const std::string& detail, const char* word) {
    INFO(detail);
    CHECK(detail.find(word) != std::string::npos);
  };

  SECTION("twice") {
    const auto token = world.token(world.token_record());
    must(world.enroll(CaWorld::party(), token, home.path / "first"));
    says(refused(CaWorld::party(), token), "used before");
  }
  SECTION("unknown") {
    says(refused(CaWorld::party(), Secret<std::string>(std::string("set-guess"))), "unknown");
  }
  SECTION("expired") {
    auto record = world.token_record();
    record.created_at -= std::chrono::hours(2);
    record.expires_at -= std::chrono::hours(2);
    says(refused(CaWorld::party(), world.token(record)), "expired");
  }
  SECTION("role") {
    says(refused(CaWorld::party(), world.token(world.token_record(Role::gateway))), "gateway");
  }
  SECTION("BIN") {
    auto record = world.token_record();
    record.bin = "499999";
    says(refused(CaWorld::party(), world.token(record)), "BIN");
  }
  SECTION("id") {
    auto party = CaWorld::party();
    party.id = "shop-2";
    says(refused(party, world.token(world.token_record())), "another id");
  }
  SECTION("host") {
    auto party = CaWorld::party();
    party.hosts = {"localhost", "evil.example"};
    says(refused(party, world.token(world.token_record())), "host");
  }
  SECTION("an id that is taken, with a token that names none") {
    must(world.enroll(CaWorld::party(), world.token(world.token_record()), home.path / "first"));
    auto record = world.token_record();
    record.id = "";
    says(refused(CaWorld::party(), world.token(record)), "taken");
  }
}

TEST_CASE("a refused token can still be used rightly") {
  CaWorld world;
  TemporaryDirectory home;
  const auto token = world.token(world.token_record());
  auto party = CaWorld::party();
  party.hosts = {"evil.example"};
  CHECK(code_of(world.enroll(party, token, home.path / "daemon")) == ErrorCode::permission_denied);
  must(world.enroll(CaWorld::party(), token, home.path / "daemon"));
}

namespace {

/// The messages one by one, for what the straight flows never do.
struct Steps {
  CaWorld& world;
  Party self = {world.trust, nullptr, std::nullopt, nullptr, std::nullopt};

  template <class Res>
  Result<OpenedAnswer<Res>> ask(const Request& request) {
    const auto envelope = TRY(world.client.send(request, system_clock()));
    return Opener::answer<Res>(envelope, request.pending, self, {}, system_clock()());
  }
  Instant now() const { return system_clock()(); }

  FormReceived form(const CardToRegister& to_register) {
    auto init = must(make_card_c_init_req(self, kBrand, now(), world.rng));
    auto initiated = must(accept_card_c_init_res(init.next, must(ask<CardCInitRes>(init.request)),
                                                 *world.trust, now()));
    auto req = must(
        make_reg_form_req(std::move(initiated), self, to_register.pan, "en", now(), world.rng));
    return std::get<FormReceived>(
        must(accept_reg_form_res(std::move(req.next), must(ask<RegFormRes>(req.request)))));
  }
  Sent<AwaitingCardCertRes> cert_req(const FormReceived& form, const CardToRegister& to_register) {
    return must(
        make_card_cert_req(form, self, to_register, must(answers()(form.form, {})), now(), world.rng));
  }
  set::PartyInitiated initiate(const PartyKeys& keys) {
    auto init = must(make_me_aq_c_init_req(CaWorld::party(), keys.key_exchange, self, now(), world.rng));
    return std::get<set::PartyInitiated>(must(accept_me_aq_c_init_res(
        std::move(init.next), keys.key_exchange, must(ask<MeAqCInitRes>(init.request)), *world.trust, now())));
  }
  void new_key() {
    self.signer = std::make_shared<const SoftwareSigner>(
        SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_65, world.rng));
  }
};

}  // namespace

TEST_CASE(
    "the same CertReq gets the same bytes again, another one finds the registration complete") {
  CaWorld world;
  Steps steps{world};
  steps.new_key();
  const auto to_register = card();
  const auto form = steps.form(to_register);
  const auto first = steps.cert_req(form, to_register);
  const auto answer = must(world.client.send(first.request, system_clock()));
  const auto again = must(world.client.send(first.request, system_clock()));
  CHECK(serialize(answer.wrapper) == serialize(again.wrapper));

  const auto other = steps.cert_req(form, to_register);
  const auto refused = must(steps.ask<CertRes>(other.request));
  CHECK(refused.message->status == CertStatusCode::rejected_by_ca);
}

TEST_CASE(
    "when the answer was lost before it was stored, the same signed content gets the same "
    "certificate") {
  CaWorld world;
  Steps steps{world};
  steps.new_key();
  const auto to_register = card();
  const auto form = steps.form(to_register);
  const auto sent = steps.cert_req(form, to_register);
  const auto first = must(steps.ask<CertRes>(sent.request));
  must(world.store.database().in_transaction("test", [](Transaction& t) -> Result<void> {
    TRY(t.execute("DELETE FROM replies"));
    return {};
  }));
  const auto second = must(steps.ask<CertRes>(sent.request));
  CHECK(second.message->status == CertStatusCode::request_complete);
  CHECK(second.message->cert_thumbs == first.message->cert_thumbs);
  CHECK(second.message->nonce_cca == first.message->nonce_cca);
}

TEST_CASE("an inquiry with the new key gets the certificate; with another key it fails") {
  CaWorld world;
  Steps steps{world};
  steps.new_key();
  const auto to_register = card();
  auto sent = steps.cert_req(steps.form(to_register), to_register);
  const auto before =
      must(make_cert_inq_req(sent.next.registration, steps.self, steps.now(), world.rng));
  CHECK(code_of(steps.ask<CertInqRes>(before.request)) == ErrorCode::unknown_lid);
  must(steps.ask<CertRes>(sent.request));

  const auto inquiry =
      must(make_cert_inq_req(sent.next.registration, steps.self, steps.now(), world.rng));
  const auto res = must(steps.ask<CertInqRes>(inquiry.request));
  sent.next.chall_ee3 = inquiry.chall_ee3;
  const auto registration = sent.next.registration;
  const auto outcome =
      must(accept_card_cert_res(std::move(sent.next), to_register, res, *world.trust, steps.now()));
  CHECK(std::holds_alternative<CardCertified>(outcome));

  steps.new_key();
  const auto stranger = must(make_cert_inq_req(registration, steps.self, steps.now(), world.rng));
  CHECK(code_of(steps.ask<CertInqRes>(stranger.request)) == ErrorCode::signature_failure);
}

TEST_CASE("a key is certified once, whoever asks") {
  CaWorld world;
  Steps steps{world};
  steps.new_key();
  const auto to_register = card();
  must(steps.ask<CertRes>(steps.cert_req(steps.form(to_register), to_register).request));
  const auto again =
      must(steps.ask<CertRes>(steps.cert_req(steps.form(to_register), to_register).request));
  CHECK(again.message->status == CertStatusCode::rejected_by_ca);

  TemporaryDirectory home;
  const auto keys = PartyKeys::generate(world.rng);
  const auto enroll = [&] {
    const auto token = world.token(world.token_record());
    return must(steps.ask<CertRes>(must(make_party_cert_req(steps.initiate(keys), keys, steps.self,
                                                            token, steps.now(), world.rng))
                                       .request));
  };
  CHECK(enroll().message->status == CertStatusCode::request_complete);
  CHECK(enroll().message->status == CertStatusCode::rejected_by_ca);
}

TEST_CASE("whoever cannot decrypt the challenge gets no certificate for the KEM key") {
  CaWorld world;
  Steps steps{world};
  const auto keys = PartyKeys::generate(world.rng);
  auto initiated = steps.initiate(keys);
  initiated.kem_answer = world.rng.secret(32);
  const auto token = world.token(world.token_record());
  const auto res =
      must(steps.ask<CertRes>(must(make_party_cert_req(std::move(initiated), keys, steps.self,
                                                       token, steps.now(), world.rng))
                                  .request));
  CHECK(res.message->status == CertStatusCode::rejected_by_ca);

  // Another key than the one that was challenged.
  auto other = PartyKeys::generate(world.rng);
  const auto swapped =
      must(steps.ask<CertRes>(must(make_party_cert_req(steps.initiate(keys), other, steps.self,
                                                       token, steps.now(), world.rng))
                                  .request));
  CHECK(swapped.message->status == CertStatusCode::rejected_by_ca);
}

TEST_CASE("Chall-CA, LID-EE and the BIN must be those of the registration") {
  CaWorld world;
  Steps steps{world};
  steps.new_key();
  const auto to_register = card();
  auto form = steps.form(to_register);
  SECTION("Chall-CA") {
    form.chall_ca = world.rng.make<Challenge>();
    CHECK(code_of(steps.ask<CertRes>(steps.cert_req(form, to_register).request)) ==
          ErrorCode::challenge_mismatch);
  }
  SECTION("LID-EE") {
    form.registration.lid_ee = LIDEE{"another"};
    CHECK(code_of(steps.ask<CertRes>(steps.cert_req(form, to_register).request)) ==
          ErrorCode::unknown_lid);
  }
  SECTION("LID-CA") {
    form.registration.lid_ca = LIDCA{"another"};
    CHECK(code_of(steps.ask<CertRes>(steps.cert_req(form, to_register).request)) ==
          ErrorCode::unknown_lid);
  }
  SECTION("BIN") {
    const auto res = must(steps.ask<CertRes>(steps.cert_req(form, card(kMastercard)).request));
    CHECK(res.message->status == CertStatusCode::invalid_bin);
  }
  SECTION("form") {
    form.form.reg_form_id = 77;
    const auto res = must(steps.ask<CertRes>(steps.cert_req(form, to_register).request));
    CHECK(res.message->status == CertStatusCode::reg_form_answer_malformed);
  }
}

TEST_CASE("a registration expires after an hour") {
  CaWorld world;
  Steps steps{world};
  steps.new_key();
  const auto to_register = card();
  const auto form = steps.form(to_register);
  must(world.store.database().in_transaction("test", [](Transaction& t) -> Result<void> {
    TRY(t.execute("UPDATE sessions SET expires_at = expires_at - 3600001"));
    return {};
  }));
  CHECK(code_of(steps.ask<CertRes>(steps.cert_req(form, to_register).request)) ==
        ErrorCode::unknown_lid);
}

TEST_CASE(
    "a wallet refuses a NonceCCA that the CA did not commit to, and a pseudonym of another card") {
  CaWorld world;
  Steps steps{world};
  steps.new_key();
  const auto to_register = card();
  auto sent = steps.cert_req(steps.form(to_register), to_register);
  const auto res = must(steps.ask<CertRes>(sent.request));
  SECTION("commitment") {
    sent.next.nonce_cca_commitment = nonce_cca_commitment(world.rng.make<NonceCCA>());
    CHECK(code_of(accept_card_cert_res(std::move(sent.next), to_register, res, *world.trust,
                                       steps.now())) == ErrorCode::verification_failed);
  }
  SECTION("pseudonym") {
    CHECK(code_of(accept_card_cert_res(std::move(sent.next), card(kDeclinePan), res, *world.trust,
                                       steps.now())) == ErrorCode::verification_failed);
  }
  SECTION("card secret") {
    sent.next.card_secret = world.rng.secret(32);
    CHECK(code_of(accept_card_cert_res(std::move(sent.next), to_register, res, *world.trust,
                                       steps.now())) == ErrorCode::verification_failed);
  }
  SECTION("somebody else's key") {
    sent.next.public_key =
        SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_65, world.rng).public_key();
    CHECK(code_of(accept_card_cert_res(std::move(sent.next), to_register, res, *world.trust,
                                       steps.now())) == ErrorCode::missing_certificate);
  }
  SECTION("challenge") {
    sent.next.chall_ee3 = world.rng.make<Challenge>();
    CHECK(code_of(accept_card_cert_res(std::move(sent.next), to_register, res, *world.trust,
                                       steps.now())) == ErrorCode::challenge_mismatch);
  }
}

TEST_CASE("an enrolment that died after asking takes its certificates up again") {
  CaWorld world;
  Steps steps{world};
  TemporaryDirectory home;
  const auto directory = home.path / "daemon";
  std::filesystem::create_directory(directory);
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all);
  const Passphrase passphrase(std::string("passphrase"));
  const auto token = world.token(world.token_record());

  auto keys = PartyKeys::generate(world.rng);
  auto sent = must(
      make_party_cert_req(steps.initiate(keys), keys, steps.self, token, steps.now(), world.rng));
  detail::PendingEnrollment pending{std::move(keys), std::move(sent.next)};
  must(detail::save_pending(directory, pending, passphrase, world.rng));

  SECTION("the CA had answered") {
    must(steps.ask<CertRes>(sent.request));
    must(world.enroll(CaWorld::party(), token, directory));  // the same token, used already
  }
  SECTION("the CA had never heard of it") {
    must(world.enroll(CaWorld::party(), token, directory));
  }
  SECTION("with other options it is left alone") {
    auto other = CaWorld::party();
    other.id = "shop-2";
    CHECK(code_of(world.enroll(other, token, directory)) == ErrorCode::conflict);
    other = CaWorld::party();
    other.brand = "Another";
    CHECK(code_of(world.enroll(other, token, directory)) == ErrorCode::conflict);
    other.brand = pending.state.registration.brand;  // the same, by its name
    must(world.enroll(other, token, directory));
  }
  must(Identity::load(directory, passphrase, system_clock()()));
  CHECK_FALSE(std::filesystem::exists(directory / "enrolling.set"));
}

}  // namespace set::ca::test
