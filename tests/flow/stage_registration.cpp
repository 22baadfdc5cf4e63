// Registration on the stage: the functions of common/enrollment against the CA's service.
#include "tests/flow/stage_impl.h"
#include "tests/support/pki.h"

namespace set::flow {
namespace {

CardToRegister card() {
  return {must(Pan::parse(test::kApprovePan)), must(CardExpiry::parse(test::kExpiry)),
          must(CardVerificationValue::parse(test::kVerification))};
}

std::vector<RegFormAnswer> answers() {
  return {{"cardholderName", "2.23.42.2.0", std::string(test::kCardholderName)}};
}

AwaitingCardCertRes copy_of(const AwaitingCardCertRes& state) {
  return {state.registration, state.chall_ee3, state.nonce_cca_commitment,
          state.card_secret.clone(), state.public_key};
}

Word word_of(const std::variant<CardCertified, CertRefused>& outcome) {
  const auto* refused = std::get_if<CertRefused>(&outcome);
  return refused == nullptr ? kAccepted : Word(to_string(refused->status));
}
Word word_of(const std::variant<PartyCertified, CertRefused>& outcome) {
  const auto* refused = std::get_if<CertRefused>(&outcome);
  return refused == nullptr ? kAccepted : Word(to_string(refused->status));
}

std::shared_ptr<const Party> new_party(std::shared_ptr<const Signer> key) {
  return std::make_shared<const Party>(
      Party{home().ca.party->trust, std::move(key), std::nullopt, nullptr, std::nullopt});
}

}  // namespace

// --- cardholder ---

Exchange Stage::card_c_init() {
  auto sent = must(make_card_c_init_req(*impl_->stranger, test::kBrand, now(), impl_->rng));
  return Registration(*this).exchange<CardCInitReq, CardCInitRes>(
      std::move(sent.request), impl_->stranger,
      [clock = clock(), next = sent.next,
       self = impl_->stranger](const OpenedAnswer<CardCInitRes>& res) -> Result<Word> {
        TRY(accept_card_c_init_res(next, res, *self->trust, clock()));
        return Word(kAccepted);
      });
}

CardCInitiated Stage::Registration::card_initiated() {
  auto& s = *stage_.impl_;
  auto sent = must(make_card_c_init_req(*s.stranger, test::kBrand, stage_.now(), s.rng));
  auto next = sent.next;
  const auto asked = exchange<CardCInitReq, CardCInitRes>(std::move(sent.request), s.stranger, {});
  return must(accept_card_c_init_res(std::move(next), ask<CardCInitRes>(asked), *s.stranger->trust,
                                     stage_.now()));
}

Exchange Stage::reg_form() {
  Registration registration(*this);
  auto sent = must(make_reg_form_req(registration.card_initiated(), *impl_->stranger, card().pan,
                                     "en", now(), impl_->rng));
  return registration.exchange<RegFormReq, RegFormRes>(
      std::move(sent.request), impl_->stranger,
      [next = sent.next](const OpenedAnswer<RegFormRes>& res) -> Result<Word> {
        const auto outcome = TRY(accept_reg_form_res(next, res));
        return Word(std::holds_alternative<FormReceived>(outcome) ? kAccepted : "referral");
      });
}

FormReceived Stage::Registration::form_received() {
  auto& s = *stage_.impl_;
  auto sent =
      must(make_reg_form_req(card_initiated(), *s.stranger, card().pan, "en", stage_.now(), s.rng));
  auto next = sent.next;
  const auto asked = exchange<RegFormReq, RegFormRes>(std::move(sent.request), s.stranger, {});
  return std::get<FormReceived>(must(accept_reg_form_res(std::move(next), ask<RegFormRes>(asked))));
}

Stage::Registration::CardAsked Stage::Registration::card_asked() {
  auto& s = *stage_.impl_;
  auto key = std::make_shared<const SoftwareSigner>(
      SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_65, s.rng));
  const auto self = new_party(key);
  auto sent =
      must(make_card_cert_req(form_received(), *self, card(), answers(), stage_.now(), s.rng));
  auto state = std::make_shared<const AwaitingCardCertRes>(copy_of(sent.next));
  auto asked = exchange<CertReq, CertRes>(
      std::move(sent.request), self,
      [clock = stage_.clock(), state, self](const OpenedAnswer<CertRes>& res) -> Result<Word> {
        return word_of(
            TRY(accept_card_cert_res(copy_of(*state), card(), res, *self->trust, clock())));
      });
  return {std::move(key), std::move(sent.next), std::move(asked)};
}

Exchange Stage::card_cert() { return Registration(*this).card_asked().exchange; }

Exchange Stage::card_cert_inq() {
  Registration registration(*this);
  auto asked = registration.card_asked();
  answer(asked.exchange);
  auto inquiry =
      must(make_cert_inq_req(asked.next.registration, *asked.exchange.sender, now(), impl_->rng));
  auto state = std::make_shared<AwaitingCardCertRes>(std::move(asked.next));
  state->chall_ee3 = inquiry.chall_ee3;
  return registration.exchange<CertInqReq, CertInqRes>(
      std::move(inquiry.request), asked.exchange.sender,
      [clock = clock(), state,
       self = asked.exchange.sender](const OpenedAnswer<CertInqRes>& res) -> Result<Word> {
        return word_of(
            TRY(accept_card_cert_res(copy_of(*state), card(), res, *self->trust, clock())));
      });
}

Cardholder Stage::register_cardholder() {
  Registration registration(*this);
  auto asked = registration.card_asked();
  const auto res = registration.ask<CertRes>(asked.exchange);
  auto certified = std::get<CardCertified>(must(accept_card_cert_res(
      std::move(asked.next), card(), res, *asked.exchange.sender->trust, now())));
  auto party = *asked.exchange.sender;
  party.signature = std::move(certified.certificate);
  return {std::make_shared<const Party>(std::move(party)), std::move(certified.card_secret),
          std::move(certified.pan_secret)};
}

void Stage::forget_attempts() {
  must(impl_->ca.store.database().in_transaction(
      "test:forget", [](Transaction& t) { return t.execute("DELETE FROM card_attempts"); }));
}

// --- merchant and gateway ---

Stage::Registration::PartyInit Stage::Registration::party_init(const PartyToEnroll& party) {
  auto& s = *stage_.impl_;
  auto keys = std::make_shared<PartyKeys>(PartyKeys::generate(s.rng));
  auto sent = must(make_me_aq_c_init_req(party, keys->key_exchange, *s.stranger, stage_.now(), s.rng));
  auto asked = exchange<MeAqCInitReq, MeAqCInitRes>(
      std::move(sent.request), s.stranger,
      [clock = stage_.clock(), next = sent.next, keys,
       self = s.stranger](const OpenedAnswer<MeAqCInitRes>& res) -> Result<Word> {
        const auto outcome = TRY(accept_me_aq_c_init_res(next, keys->key_exchange, res, *self->trust, clock()));
        return Word(std::holds_alternative<PartyInitiated>(outcome) ? kAccepted : "referral");
      });
  return {std::move(keys), std::move(sent.next), std::move(asked)};
}

Stage::Registration::PartyAsked Stage::Registration::party_asked(const PartyToEnroll& party) {
  auto& s = *stage_.impl_;
  auto init = party_init(party);
  auto initiated = std::get<PartyInitiated>(must(accept_me_aq_c_init_res(
      init.next, init.keys->key_exchange, ask<MeAqCInitRes>(init.exchange), *s.stranger->trust, stage_.now())));
  ca::TokenRecord record;
  record.role = party.role;
  record.name = "Test Shop";
  record.bin = party.bin;
  record.id = party.id;
  record.city = "Berlin";
  record.country = 276;
  record.hosts = party.hosts;
  record.created_at = stage_.now();
  record.expires_at = stage_.now() + std::chrono::hours(1);
  auto token = must(ca::make_token(std::move(record), s.rng));
  must(s.ca.store.insert(token.record));
  auto sent = must(make_party_cert_req(std::move(initiated), *init.keys, *s.stranger, token.token,
                                       stage_.now(), s.rng));
  const std::shared_ptr<const Signer> key(init.keys, &init.keys->signature);
  const auto self = new_party(key);
  auto asked = exchange<CertReq, CertRes>(
      std::move(sent.request), self,
      [clock = stage_.clock(), next = sent.next, keys = init.keys,
       self](const OpenedAnswer<CertRes>& res) -> Result<Word> {
        return word_of(TRY(accept_party_cert_res(next, *keys, res, *self->trust, clock())));
      });
  return {init.keys, std::move(sent.next), std::move(asked)};
}

std::shared_ptr<const Party> Stage::Registration::enrol(const PartyToEnroll& party) {
  const auto asked = party_asked(party);
  const auto certified = std::get<PartyCertified>(
      must(accept_party_cert_res(asked.next, *asked.keys, ask<CertRes>(asked.exchange),
                                 *asked.exchange.sender->trust, stage_.now())));
  auto self = *asked.exchange.sender;
  self.signature = certified.signature;
  self.key_exchange = certified.key_exchange;
  self.kem = std::shared_ptr<const KemPrivateKey>(asked.keys, &asked.keys->key_exchange);
  return std::make_shared<const Party>(std::move(self));
}

Exchange Stage::me_aq_c_init() {
  return Registration(*this)
      .party_init({Role::merchant, "", std::string(test::kBin), "shop-9", {"127.0.0.1"}})
      .exchange;
}

Exchange Stage::party_cert() {
  return Registration(*this)
      .party_asked({Role::merchant, "", std::string(test::kBin), "shop-9", {"127.0.0.1"}})
      .exchange;
}

}  // namespace set::flow
