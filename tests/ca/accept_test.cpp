// The CA's accept_ functions without network: messages are made by the enrollee's half and opened.
#include "ca/enrollment.h"
#include "tests/ca/ca_world.h"

namespace set::ca::test {

namespace {

struct Pure {
  LoadedCa ca = make_ca();
  Issuer issuer{must(CardFile::load(sandbox_cards_path()))};
  FormBook forms = FormBook::standard();
  CardDesk desk{issuer, forms, kBrand};
  Rng& rng = Rng::system();
  Instant now = system_clock()();
  Party self{ca.party->trust, nullptr, std::nullopt, nullptr, std::nullopt};

  template <class Req>
  Opened<Req> open(const Request& request) {
    const auto envelope = must(read_envelope(must(parse_wrapper(request.wire)), now));
    return must(Opener::request<Req>(envelope, *ca.party, now));
  }
  Registration registration(const SessionHead& head) {
    return {std::string(kBrand), head.lid_ee, head.lid_ca, ca.party->key_exchange->leaf};
  }
  CardInitiated initiated() {
    const auto sent = must(make_card_c_init_req(self, kBrand, now, rng));
    return must(accept_card_c_init_req(open<CardCInitReq>(sent.request).message, kBrand, now, rng));
  }
};

}  // namespace

TEST_CASE_METHOD(Pure, "a CardCInitReq for our brand, or for any, opens a registration") {
  const std::string brand = GENERATE(std::string(kBrand), std::string("any"), std::string());
  const auto sent = must(make_card_c_init_req(self, brand, now, rng));
  const auto opened = open<CardCInitReq>(sent.request);
  const auto session = must(accept_card_c_init_req(opened.message, kBrand, now, rng));
  CHECK(session.head.lid_ca.value.size() == 20);
  CHECK(session.head.expires_at == now + kSessionLife);
  CHECK(session.head.opened_by == opened.message.content_digest());
}

TEST_CASE_METHOD(Pure, "a CardCInitReq for another brand is not served") {
  const auto sent = must(make_card_c_init_req(self, "Other", now, rng));
  CHECK(code_of(accept_card_c_init_req(open<CardCInitReq>(sent.request).message, kBrand, now,
                                       rng)) == ErrorCode::message_not_supported);
}

TEST_CASE_METHOD(Pure, "a RegFormReq gets form and commitment, and when repeated the same ones") {
  const auto session = initiated();
  const auto to_register = card();
  const auto sent =
      must(make_reg_form_req({registration(session.head)}, self, to_register.pan, "en", now, rng));
  const auto opened = open<RegFormReq>(sent.request);
  const auto account = must(pan_only_from_block(opened.account->reveal()));
  const auto form = std::get<CardFormSent>(
      must(accept_reg_form_req(session, opened.message, account, desk, rng)));
  CHECK(form.bin == kBin);
  const auto again =
      std::get<CardFormSent>(must(accept_reg_form_req(form, opened.message, account, desk, rng)));
  CHECK(again.chall_ca == form.chall_ca);
  CHECK(again.nonce_cca == form.nonce_cca);
  const auto res = must(make_reg_form_res(form, *opened.message, desk));
  CHECK(res.nonce_cca_commitment == nonce_cca_commitment(form.nonce_cca));

  // A new request in the same registration: a new Chall-CA, a new NonceCCA.
  const auto other =
      must(make_reg_form_req({registration(session.head)}, self, to_register.pan, "en", now, rng));
  const auto next = std::get<CardFormSent>(must(
      accept_reg_form_req(form, open<RegFormReq>(other.request).message, account, desk, rng)));
  CHECK(next.chall_ca != form.chall_ca);
  CHECK(next.nonce_cca != form.nonce_cca);
}

TEST_CASE_METHOD(Pure,
                 "a RegFormReq of another registration or for another issuer's card gets no form") {
  const auto session = initiated();
  const auto to_register = card();
  auto elsewhere = registration(session.head);
  elsewhere.lid_ee = LIDEE{"another"};
  const auto stranger = must(make_reg_form_req({elsewhere}, self, to_register.pan, "en", now, rng));
  const auto opened = open<RegFormReq>(stranger.request);
  const auto account = must(pan_only_from_block(opened.account->reveal()));
  CHECK(code_of(accept_reg_form_req(session, opened.message, account, desk, rng)) ==
        ErrorCode::unknown_lid);

  const auto foreign = card(kMastercard);
  const auto sent =
      must(make_reg_form_req({registration(session.head)}, self, foreign.pan, "en", now, rng));
  const auto other = open<RegFormReq>(sent.request);
  const auto outcome = must(accept_reg_form_req(
      session, other.message, must(pan_only_from_block(other.account->reveal())), desk, rng));
  REQUIRE(std::holds_alternative<Referred>(outcome));
  const auto res = make_reg_form_res(std::get<Referred>(outcome), *other.message, rng);
  CHECK_FALSE(res.nonce_cca_commitment);
}

TEST_CASE_METHOD(
    Pure, "a MeAqCInitReq is answered with a challenge that only the KEM key's owner reads") {
  const auto keys = PartyKeys::generate(rng);
  const auto sent = must(make_me_aq_c_init_req(CaWorld::party(), keys.key_exchange, self, now, rng));
  const auto opened = open<MeAqCInitReq>(sent.request);
  const auto outcome = must(accept_me_aq_c_init_req(opened.message, kBrand, forms, now, rng));
  const auto& party = std::get<InitiatedParty>(outcome);
  auto context = must(hpke_receiver(keys.key_exchange, party.kem_challenge_encapsulated,
                                    view_of("SET/2 possession")));
  CHECK(must(context.open(view_of(party.next.head.lid_ca.value), party.kem_challenge)).size() ==
        32);
  const auto stranger = PartyKeys::generate(rng);
  auto other = hpke_receiver(stranger.key_exchange, party.kem_challenge_encapsulated,
                             view_of("SET/2 possession"));
  CHECK((!other || !other->open(view_of(party.next.head.lid_ca.value), party.kem_challenge)));
}

TEST_CASE_METHOD(Pure, "renewals get a challenge as well, other brands are not served, and odd keys not decoded") {
  MeAqCInitReq req{LIDEE{"ee"},
                   rng.make<Challenge>(),
                   RequestType::mer_initial_both,
                   MerchantIDData{std::string(kBin), "shop-1"},
                   std::string(kBrand),
                   "en",
                   KemPrivateKey::generate(rng).public_key().spki(),
                   {}};
  const auto ask = [&] {
    const RequestContext context{
        .self = self, .rrpid = rng.make<RRPID>(), .trans_ids = std::nullopt, .now = now};
    const auto request = must(seal_request(req, context, rng));
    return accept_me_aq_c_init_req(open<MeAqCInitReq>(request).message, kBrand, forms, now, rng);
  };
  CHECK(std::holds_alternative<InitiatedParty>(must(ask())));
  SECTION("renewal") {
    req.request_type = RequestType::mer_renewal_both;
    CHECK(std::holds_alternative<InitiatedParty>(must(ask())));
  }
  SECTION("brand") {
    req.brand = "Other";
    CHECK(code_of(ask()) == ErrorCode::message_not_supported);
  }
  SECTION("role and identity differ") {
    req.request_type = RequestType::pgwy_initial_both;
    CHECK(code_of(ask()) == ErrorCode::decoding_failure);
  }
  SECTION("a signature key for encryption") {
    req.encryption_key = SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_65, rng).public_key();
    CHECK(code_of(ask()) == ErrorCode::decoding_failure);
  }
}

}  // namespace set::ca::test
