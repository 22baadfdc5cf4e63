// The cardholder's half, and what both halves share; enrollee_party.cpp has merchants and gateways.
#include "common/enrollment/enrollee.h"

#include <algorithm>

#include "common/enrollment/enrollee_parts.h"

namespace set {
namespace detail {
namespace {

constexpr std::size_t kLidBytes = 16;

Role ca_of(Role role) {
  return role == Role::cardholder ? Role::cca : role == Role::merchant ? Role::mca : Role::pca;
}

const Certificate* find(std::span<const Certificate> bag, const Thumbprint& thumbprint) {
  const auto found = std::ranges::find(bag, thumbprint, &Certificate::thumbprint);
  return found == bag.end() ? nullptr : &*found;
}

std::vector<Certificate> signing_certificates(std::span<const Certificate> bag, Role role,
                                              const std::string& brand) {
  std::vector<Certificate> out;
  for (const auto& certificate : bag) {
    if (certificate.key_use() == KeyUse::certificate_signing && certificate.has_role(role) &&
        certificate.brand() == brand) {
      out.push_back(certificate);
    }
  }
  return out;
}

/// Operating CA and brand, then the same with a geopolitical CA between them.
std::vector<std::vector<Certificate>> possible_issuers(std::span<const Certificate> bag,
                                                       Role ca_role, const std::string& of_brand) {
  std::vector<std::vector<Certificate>> out;
  for (const auto& ca : signing_certificates(bag, ca_role, of_brand)) {
    for (const auto& brand : signing_certificates(bag, Role::bca, of_brand)) {
      out.push_back({ca, brand});
      for (const auto& geopolitical : signing_certificates(bag, Role::gca, of_brand)) {
        out.push_back({ca, geopolitical, brand});
      }
    }
  }
  return out;
}

}  // namespace

SecretBytes renewal_account(Rng& rng) {
  return to_block(AcctData{Secret<std::string>("renewal"), rng.secret(kCardSecretBytes)});
}

LIDEE make_lid_ee(Rng& rng) { return LIDEE{string_of(rng.bytes(kLidBytes))}; }

Result<Registration> registration_of(std::string_view brand, LIDEE lid_ee, const InitAnswer& answer,
                                     Role role, const Trust& trust, Instant now) {
  const auto ca = ca_of(role);
  CHECK_OR_FAIL(answer.signer.has_role(ca), ErrorCode::invalid_certificate,
                "the answer's signer is no authority for this kind of certificate");
  CHECK_OR_FAIL(brand == kAnyBrand || answer.signer.brand() == brand,
                ErrorCode::invalid_certificate,
                "the CA is of another brand than the one asked for");
  // "CAEThumb names a valid CCA key-exchange certificate of that brand"
  const auto* cae = find(answer.bag, answer.cae_thumb);
  CHECK_OR_FAIL(cae != nullptr, ErrorCode::missing_certificate,
                "the CA's key-exchange certificate is not enclosed");
  const Expected expected{ca, KeyUse::key_exchange, answer.signer.brand()};
  TRY(trust.verify(*cae, answer.bag, expected, now));
  return Registration{answer.signer.brand(), std::move(lid_ee), answer.lid_ca, *cae};
}

Result<void> check_ids(const LIDEE& sent_lid, const LIDEE& lid, const Challenge& sent_challenge,
                       const Challenge& challenge) {
  CHECK_OR_FAIL(lid == sent_lid, ErrorCode::unknown_lid, "the answer has another LID-EE than ours");
  CHECK_OR_FAIL(challenge == sent_challenge, ErrorCode::challenge_mismatch,
                "the answer has another challenge than ours");
  return {};
}

Result<void> check_ca(const Certificate& signer, Role end_entity, std::string_view brand) {
  CHECK_OR_FAIL(signer.has_role(ca_of(end_entity)) && signer.brand() == brand,
                ErrorCode::invalid_certificate, "the answer is not from the CA that we asked");
  return {};
}

Result<void> check_registration(const Registration& registration, const LIDEE& lid_ee,
                                const LIDCA& lid_ca) {
  CHECK_OR_FAIL(lid_ee == registration.lid_ee && lid_ca == registration.lid_ca,
                ErrorCode::unknown_lid, "the answer is of another registration than ours");
  return {};
}

Result<Chain> certified_chain(const CertAnswer& answer, ByteView public_key,
                              const Expected& expected, const Trust& trust, Instant now) {
  // "certificates named by CertThumbs are present, chain, certify my key, brand right"
  const Certificate* leaf = nullptr;
  for (const auto& thumbprint : answer->cert_thumbs) {
    const auto* certificate = find(answer.bag(), thumbprint);
    CHECK_OR_FAIL(certificate != nullptr, ErrorCode::missing_certificate,
                  "a certificate that the CA names is not enclosed");
    if (certificate->key_use() == expected.use && equal(certificate->public_key(), public_key)) {
      leaf = certificate;
    }
  }
  CHECK_OR_FAIL(leaf != nullptr, ErrorCode::missing_certificate,
                "none of the certificates that the CA sent is of our key");
  Result<void> last =
      failure(ErrorCode::missing_certificate, "the CA's own certificates are missing");
  for (const auto& issuers : possible_issuers(answer.bag(), ca_of(expected.role), leaf->brand())) {
    last = trust.verify(*leaf, issuers, expected, now);
    if (last) return Chain{*leaf, issuers};
  }
  return failure(last.error());
}

CertRefused refused(const CertRes& res) {
  return CertRefused{res.status, res.ee_message, res.failed_items, res.retry_after};
}

}  // namespace detail

namespace {

constexpr std::size_t kSecretBytes = kCardSecretBytes;

RequestContext context_for(const Registration& registration, const Party& self, Instant now,
                           Rng& rng) {
  return RequestContext{.self = self,
                        .recipient = &registration.cae,
                        .rrpid = rng.make<RRPID>(),
                        .trans_ids = std::nullopt,
                        .now = now};
}

// Pan and verification value are moved, never copied: a second one is made on purpose.
Result<SecretBytes> pan_data0_block(const CardToRegister& card, const SecretBytes& card_secret,
                                    Rng& rng) {
  auto pan = TRY(Pan::parse(card.pan.reveal()));
  std::optional<CardVerificationValue> cvv;
  if (card.cvv) cvv = TRY(CardVerificationValue::parse(card.cvv->reveal()));
  return to_block(PANData0{std::move(pan), card.expiry, card_secret.clone(),
                           rng.secret(kSecretBytes), std::move(cvv)});
}

}  // namespace

Result<Sent<AwaitingCardCInitRes>> make_card_c_init_req(const Party& self, std::string_view brand,
                                                        Instant now, Rng& rng) {
  AwaitingCardCInitRes next{std::string(brand.empty() ? kAnyBrand : brand),
                            detail::make_lid_ee(rng), rng.make<Challenge>()};
  const CardCInitReq req{next.lid_ee, next.chall_ee, next.brand, {}};
  const RequestContext context{
      .self = self, .rrpid = rng.make<RRPID>(), .trans_ids = std::nullopt, .now = now};
  auto request = TRY(seal_request(req, context, rng));
  return Sent<AwaitingCardCInitRes>{std::move(next), std::move(request)};
}

/// Spec:    set-1997 §3.1, "C checks" of CardCInitRes; chain and signature are Opener's.
Result<CardCInitiated> accept_card_c_init_res(AwaitingCardCInitRes state,
                                              const OpenedAnswer<CardCInitRes>& res,
                                              const Trust& trust, Instant now) {
  const auto& message = res.message;
  TRY(detail::check_ids(state.lid_ee, message->lid_ee, state.chall_ee, message->chall_ee));
  const detail::InitAnswer answer{message->lid_ca, message->cae_thumb, message.signer(), res.bag};
  return CardCInitiated{TRY(detail::registration_of(state.brand, std::move(state.lid_ee), answer,
                                                    Role::cardholder, trust, now))};
}

Result<Sent<AwaitingRegFormRes>> make_reg_form_req(CardCInitiated state, const Party& self,
                                                   const Pan& pan, std::string_view language,
                                                   Instant now, Rng& rng, RequestType type) {
  AwaitingRegFormRes next{std::move(state.registration), rng.make<Challenge>(), type};
  const RegFormReq req{next.registration.lid_ee, next.chall_ee2,        next.registration.lid_ca,
                       next.request_type,        std::string(language), {}};
  auto copy = TRY(Pan::parse(pan.reveal()));
  const auto account = to_block(PANOnly{std::move(copy), rng.secret(kSecretBytes)});
  auto context = context_for(next.registration, self, now, rng);
  context.account = &account;
  auto request = TRY(seal_request(req, context, rng));
  return Sent<AwaitingRegFormRes>{std::move(next), std::move(request)};
}

/// Spec:    set-1997 §3.1, RegFormRes: "checks as for CardCInitRes with Chall-EE2; keeps Chall-CA".
Result<std::variant<FormReceived, ReferralData>> accept_reg_form_res(
    AwaitingRegFormRes state, const OpenedAnswer<RegFormRes>& res) {
  const auto& message = res.message;
  TRY(detail::check_ids(state.registration.lid_ee, message->lid_ee, state.chall_ee2,
                        message->chall_ee2));
  TRY(detail::check_registration(state.registration, message->lid_ee, message->lid_ca));
  TRY(detail::check_ca(message.signer(), Role::cardholder, state.registration.brand));
  CHECK_OR_FAIL(message->request_type == state.request_type,
                ErrorCode::wrapper_msg_mismatch, "the form is for another type of request");
  using Outcome = std::variant<FormReceived, ReferralData>;
  if (const auto* referral = std::get_if<ReferralData>(&message->form)) return Outcome(*referral);
  return Outcome(FormReceived{std::move(state.registration), message->chall_ca,
                              message->nonce_cca_commitment.value(),
                              std::get<RegFormData>(message->form), state.request_type});
}

Result<Sent<AwaitingCardCertRes>> make_card_cert_req(FormReceived state, const Party& self,
                                                     const CardToRegister& card,
                                                     std::vector<RegFormAnswer> answers,
                                                     Instant now, Rng& rng, const Party* renewed) {
  AwaitingCardCertRes next{std::move(state.registration), rng.make<Challenge>(),
                           state.nonce_cca_commitment, rng.secret(kSecretBytes),
                           self.signer->public_key()};
  const CertReq req{
      .lid_ee = next.registration.lid_ee,
      .chall_ee3 = next.chall_ee3,
      .lid_ca = next.registration.lid_ca,
      .chall_ca = state.chall_ca,
      .request_type = state.request_type,
      .request_date = now,
      .id_data = std::nullopt,
      .reg_form_id = state.form.reg_form_id,
      .answers = std::move(answers),
      .signature_key = next.public_key,
      .encryption_key = {},
      .kem_challenge_answer = {},
      .tls_key = {},
      .tls_hosts = {},
      .thumbs = {},
      .ee_thumb = renewed == nullptr ? std::optional<Thumbprint>()
                                     : renewed->signature.value().leaf.thumbprint(),
  };
  const auto account = TRY(pan_data0_block(card, next.card_secret, rng));
  auto context = context_for(next.registration, self, now, rng);
  context.account = &account;
  context.renewed = renewed;
  auto request = TRY(seal_request(req, context, rng));
  return Sent<AwaitingCardCertRes>{std::move(next), std::move(request)};
}

/// Spec:    set-1997 §3.1, "C's checks" of CertRes; protocol §3 for NonceCCA's commitment.
/// Secrets: CardSecret and PANSecret go out, for the wallet's protection.
Result<std::variant<CardCertified, CertRefused>> accept_card_cert_res(AwaitingCardCertRes state,
                                                                      const CardToRegister& card,
                                                                      const CertAnswer& res,
                                                                      const Trust& trust,
                                                                      Instant now) {
  // "ids and Chall-EE3 → status"
  TRY(detail::check_ids(state.registration.lid_ee, res->lid_ee, state.chall_ee3, res->chall_ee3));
  TRY(detail::check_registration(state.registration, res->lid_ee, res->lid_ca));
  TRY(detail::check_ca(res.signer(), Role::cardholder, state.registration.brand));
  using Outcome = std::variant<CardCertified, CertRefused>;
  if (res->status != CertStatusCode::request_complete) return Outcome(detail::refused(*res));
  // "The CCA commits to NonceCCA in RegFormRes and reveals it in CertRes"
  CHECK_OR_FAIL(
      res->nonce_cca && nonce_cca_commitment(*res->nonce_cca) == state.nonce_cca_commitment,
      ErrorCode::verification_failed, "the CA's NonceCCA is not the one it committed to");
  const Expected expected{Role::cardholder, KeyUse::signature, state.registration.brand};
  auto chain = TRY(detail::certified_chain(res, state.public_key, expected, trust, now));
  // "a cardholder certificate's notAfter may not lie beyond the card's expiry"
  CHECK_OR_FAIL(chain.leaf.not_after() < card.expiry.end(), ErrorCode::invalid_certificate,
                "the certificate outlives the card");
  // "recompute HMAC({PAN, expiry}; PANSecret) and compare with the CN"
  auto pan_secret = derive_pan_secret(state.card_secret.reveal(), res->nonce_cca->view(),
                                      state.registration.brand, state.public_key);
  CHECK_OR_FAIL(
      chain.leaf.common_name() == cardholder_pseudonym(card.pan, card.expiry, pan_secret.reveal()),
      ErrorCode::verification_failed, "the certificate's name is not this card's pseudonym");
  return Outcome(
      CardCertified{std::move(chain), std::move(state.card_secret), std::move(pan_secret)});
}

Result<CertInquiry> make_cert_inq_req(const Registration& registration, const Party& self,
                                      Instant now, Rng& rng) {
  const CertInqReq req{registration.lid_ee, rng.make<Challenge>(), registration.lid_ca};
  auto request = TRY(seal_request(req, context_for(registration, self, now, rng), rng));
  return CertInquiry{req.chall_ee3, std::move(request)};
}

}  // namespace set
