// The merchant's and the gateway's half of registration.
#include "common/enrollment/enrollee.h"

#include "common/enrollment/enrollee_parts.h"

namespace set {
namespace {

constexpr std::string_view kPossessionInfo = "SET/2 possession";
constexpr std::size_t kKemAnswerBytes = 32;

/// The keys sign before anybody has certified them.
Party with_new_key(const Party& self, const PartyKeys& keys) {
  Party out = self;
  out.signer = std::shared_ptr<const Signer>(std::shared_ptr<const Signer>(), &keys.signature);
  return out;
}

/// A CertReq with both keys; signed as well by `renewed`, if it is a renewal.
Result<Sent<AwaitingPartyCertRes>> make_cert_req(PartyInitiated state, const PartyKeys& keys,
                                                 const Party& self, const SecretBytes& account,
                                                 const Party* renewed, Instant now, Rng& rng) {
  AwaitingPartyCertRes next{std::move(state.party), std::move(state.registration),
                            rng.make<Challenge>()};
  const CertReq req{
      .lid_ee = next.registration.lid_ee,
      .chall_ee3 = next.chall_ee3,
      .lid_ca = next.registration.lid_ca,
      .chall_ca = state.chall_ca,
      .request_type = request_type_of(next.party),
      .request_date = now,
      .id_data = id_data_of(next.party),
      .reg_form_id = state.form.reg_form_id,
      .answers = std::move(state.answers),
      .signature_key = keys.signature.public_key(),
      .encryption_key = keys.key_exchange.public_key().spki(),
      .kem_challenge_answer = bytes_of(state.kem_answer.reveal()),
      .tls_key = keys.tls.public_key,
      .tls_hosts = next.party.hosts,
      .thumbs = {},
      .ee_thumb = renewed == nullptr ? std::optional<Thumbprint>()
                                     : renewed->signature.value().leaf.thumbprint(),
  };
  const auto signing = with_new_key(self, keys);
  const RequestContext context{.self = signing,
                               .recipient = &next.registration.cae,
                               .rrpid = rng.make<RRPID>(),
                               .trans_ids = std::nullopt,
                               .now = now,
                               .baggage = {},
                               .account = &account,
                               .renewed = renewed};
  auto request = TRY(seal_request(req, context, rng));
  return Sent<AwaitingPartyCertRes>{std::move(next), std::move(request)};
}

/// The certificate says who we are in the words that we asked for.
Result<void> check_identity(const Certificate& certificate, const PartyToEnroll& party) {
  if (party.role == Role::gateway) {
    CHECK_OR_FAIL(certificate.common_name() == party.id, ErrorCode::invalid_certificate,
                  "the certificate names another gateway than us");
    return {};
  }
  const auto& data = certificate.merchant_data();
  CHECK_OR_FAIL(data && data->merchant_id == party.id && data->acquirer_bin == party.bin,
                ErrorCode::invalid_certificate, "the certificate names another merchant than us");
  return {};
}

}  // namespace

PartyKeys PartyKeys::generate(Rng& rng) {
  return PartyKeys{StoredSigner::generate(SignatureAlgorithm::ml_dsa_65, rng),
                   KemPrivateKey::generate(rng), TlsKey::generate(rng)};
}

Result<PartyKeys> PartyKeys::generate(const KeyLock& lock, Rng& rng) {
  auto signature = TRY(StoredSigner::generate(SignatureAlgorithm::ml_dsa_65, lock.token, rng));
  return PartyKeys{std::move(signature), KemPrivateKey::generate(rng), TlsKey::generate(rng)};
}

IDData id_data_of(const PartyToEnroll& party) {
  if (party.role == Role::gateway) return AcquirerIDData{party.bin, party.id};
  return MerchantIDData{party.bin, party.id};
}

RequestType request_type_of(const PartyToEnroll& party) {
  const bool gateway = party.role == Role::gateway;
  switch (party.renewal) {
    case RenewalOf::all:
      return gateway ? RequestType::pgwy_renewal_both : RequestType::mer_renewal_both;
    case RenewalOf::tls_alone:
      return gateway ? RequestType::pgwy_renewal_tls : RequestType::mer_renewal_tls;
    case RenewalOf::nothing:
      break;
  }
  return gateway ? RequestType::pgwy_initial_both : RequestType::mer_initial_both;
}

Result<Sent<AwaitingMeAqCInitRes>> make_me_aq_c_init_req(const PartyToEnroll& party,
                                                         const KemPrivateKey& kem,
                                                         const Party& self, Instant now, Rng& rng) {
  AwaitingMeAqCInitRes next{party, detail::make_lid_ee(rng), rng.make<Challenge>()};
  if (next.party.brand.empty()) next.party.brand = kAnyBrand;
  const MeAqCInitReq req{
      .lid_ee = next.lid_ee,
      .chall_ee = next.chall_ee,
      .request_type = request_type_of(party),
      .id_data = id_data_of(party),
      .brand = next.party.brand,
      .language = party.language,
      .encryption_key = kem.public_key().spki(),
      .thumbs = {},
  };
  const RequestContext context{
      .self = self, .rrpid = rng.make<RRPID>(), .trans_ids = std::nullopt, .now = now};
  auto request = TRY(seal_request(req, context, rng));
  return Sent<AwaitingMeAqCInitRes>{std::move(next), std::move(request)};
}

/// Spec:    set-1997 §3.2; protocol §3: "KEM keys prove possession by decrypting a challenge".
Result<std::variant<PartyInitiated, ReferralData>> accept_me_aq_c_init_res(
    AwaitingMeAqCInitRes state, const KemPrivateKey& kem, const OpenedAnswer<MeAqCInitRes>& res,
    const Trust& trust, Instant now) {
  const auto& message = res.message;
  TRY(detail::check_ids(state.lid_ee, message->lid_ee, state.chall_ee, message->chall_ee));
  CHECK_OR_FAIL(message->request_type == request_type_of(state.party),
                ErrorCode::wrapper_msg_mismatch, "the answer is to another type of request");
  const detail::InitAnswer answer{message->lid_ca, message->cae_thumb, message.signer(), res.bag};
  auto registration = TRY(detail::registration_of(state.party.brand, std::move(state.lid_ee),
                                                  answer, state.party.role, trust, now));
  using Outcome = std::variant<PartyInitiated, ReferralData>;
  if (const auto* referral = std::get_if<ReferralData>(&message->form)) return Outcome(*referral);
  auto context = TRY(hpke_receiver(kem, message->kem_challenge_encapsulated,
                                   view_of(kPossessionInfo)));
  auto kem_answer = TRY(context.open(view_of(message->lid_ca.value), message->kem_challenge));
  CHECK_OR_FAIL(kem_answer.size() == kKemAnswerBytes, ErrorCode::decoding_failure,
                "the challenge to our key-exchange key has a wrong length");
  state.party.brand = registration.brand;
  return Outcome(PartyInitiated{std::move(state.party), std::move(registration), message->chall_ca,
                                std::get<RegFormData>(message->form), {}, std::move(kem_answer)});
}

Result<Sent<AwaitingPartyCertRes>> make_party_cert_req(PartyInitiated state, const PartyKeys& keys,
                                                       const Party& self,
                                                       const Secret<std::string>& token,
                                                       Instant now, Rng& rng) {
  const auto account =
      to_block(AcctData{Secret<std::string>(token.reveal()), rng.secret(kCardSecretBytes)});
  return make_cert_req(std::move(state), keys, self, account, nullptr, now, rng);
}

Result<Sent<AwaitingPartyCertRes>> make_party_renewal_cert_req(PartyInitiated state,
                                                               const PartyKeys& keys,
                                                               const Party& self,
                                                               const Party& renewed, Instant now,
                                                               Rng& rng) {
  return make_cert_req(std::move(state), keys, self, detail::renewal_account(rng), &renewed, now,
                       rng);
}

/// Spec:    set-1997 §3.1, "C's checks" of CertRes; §3.2: two certificates, merchantData in both.
Result<std::variant<PartyCertified, CertRefused>> accept_party_cert_res(AwaitingPartyCertRes state,
                                                                        const PartyKeys& keys,
                                                                        const CertAnswer& res,
                                                                        const Trust& trust,
                                                                        Instant now) {
  TRY(detail::check_ids(state.registration.lid_ee, res->lid_ee, state.chall_ee3, res->chall_ee3));
  TRY(detail::check_registration(state.registration, res->lid_ee, res->lid_ca));
  TRY(detail::check_ca(res.signer(), state.party.role, state.registration.brand));
  using Outcome = std::variant<PartyCertified, CertRefused>;
  if (res->status != CertStatusCode::request_complete) return Outcome(detail::refused(*res));
  const auto& brand = state.registration.brand;
  auto signature = TRY(detail::certified_chain(
      res, keys.signature.public_key(), {state.party.role, KeyUse::signature, brand}, trust, now));
  auto key_exchange =
      TRY(detail::certified_chain(res, keys.key_exchange.public_key().spki(),
                                  {state.party.role, KeyUse::key_exchange, brand}, trust, now));
  TRY(check_identity(signature.leaf, state.party));
  TRY(check_identity(key_exchange.leaf, state.party));
  CHECK_OR_FAIL(!res->tls_certificates.empty(), ErrorCode::missing_certificate,
                "the CA sent no TLS certificate");
  return Outcome(
      PartyCertified{std::move(signature), std::move(key_exchange), res->tls_certificates});
}

}  // namespace set
