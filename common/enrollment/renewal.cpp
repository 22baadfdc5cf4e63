#include "common/enrollment/renewal.h"

#include "common/daemon/files.h"
#include "common/enrollment/register_parts.h"

namespace set {
namespace {

namespace fs = std::filesystem;
using detail::borrowed;
using detail::exchange;

constexpr std::string_view kAddressFile = "ca.address";
constexpr std::size_t kMaxAddressBytes = 512;

/// Nobody yet: the messages before a CertReq are signed by nobody.
Party stranger(const Party& party) {
  return Party{.trust = party.trust,
               .signer = nullptr,
               .signature = std::nullopt,
               .kem = nullptr,
               .key_exchange = std::nullopt};
}

/// Me-AqCInit: `kem` is the key that the CA challenges.
Result<PartyInitiated> initiate(const CaClient& ca, const Party& party, const PartyToEnroll& who,
                                const KemPrivateKey& kem, const Clock& clock, Rng& rng) {
  const auto self = stranger(party);
  auto init = TRY(make_me_aq_c_init_req(who, kem, self, clock(), rng));
  const auto res = TRY(exchange<MeAqCInitRes>(ca, init.request, self, who.brand, clock));
  auto initiated =
      TRY(accept_me_aq_c_init_res(std::move(init.next), kem, res, *party.trust, clock()));
  if (const auto* referral = std::get_if<ReferralData>(&initiated))
    return failure(detail::referred(*referral));
  return std::get<PartyInitiated>(std::move(initiated));
}

Result<void> check_not_ended(const Certificate& certificate, Instant now) {
  CHECK_OR_FAIL(now <= certificate.not_after(), ErrorCode::expired_certificate,
                "the certificate ended on " + to_string(certificate.not_after()) +
                    " and cannot be renewed any more: register anew");
  return {};
}

}  // namespace

Result<void> renew_party(const CaClient& ca, const Party& party, const fs::path& directory,
                         const KeyLock& lock, const Clock& clock, Rng& rng) {
  const auto& renewed = party.signature.value().leaf;
  TRY(check_not_ended(renewed, clock()));
  const auto who = TRY(party_to_renew(renewed, RenewalOf::all));
  const auto keys = TRY(PartyKeys::generate(lock, rng));
  auto initiated = TRY(initiate(ca, party, who, keys.key_exchange, clock, rng));
  const auto self = stranger(party);
  auto cert =
      TRY(make_party_renewal_cert_req(std::move(initiated), keys, self, party, clock(), rng));
  const auto res = TRY(exchange<CertRes>(ca, cert.request, self, who.brand, clock));
  const auto outcome =
      TRY(accept_party_cert_res(std::move(cert.next), keys, res, *party.trust, clock()));
  if (const auto* refused = std::get_if<CertRefused>(&outcome)) {
    return failure(detail::party_refusal(*refused));
  }
  return detail::save_identity(directory, keys, std::get<PartyCertified>(outcome), *party.trust,
                               lock, clock(), rng);
}

Result<void> renew_tls(const CaClient& ca, const Party& party, const fs::path& directory,
                       const KeyLock& lock, const Clock& clock, Rng& rng) {
  const auto& signature = party.signature.value().leaf;
  TRY(check_not_ended(signature, clock()));
  const auto who = TRY(party_to_renew(signature, RenewalOf::tls_alone));
  const auto key = TlsKey::generate(rng);
  auto initiated = TRY(initiate(ca, party, who, *party.kem, clock, rng));
  auto cert = TRY(make_tls_cert_req(std::move(initiated), key, party, clock(), rng));
  const auto res = TRY(exchange<CertRes>(ca, cert.request, party, who.brand, clock));
  const auto outcome = TRY(accept_tls_cert_res(std::move(cert.next), res));
  if (const auto* refused = std::get_if<CertRefused>(&outcome)) {
    return failure(detail::party_refusal(*refused));
  }
  const TlsIdentity tls{detail::tls_chain_pem(std::get<TlsCertified>(outcome).tls_chain),
                        Secret<std::string>(key.private_key_pem.reveal()),
                        party.trust->transport_root_pem()};
  TRY(check_tls_identity(tls, clock()));
  return Identity::save_tls(directory, tls, lock, rng);
}

Result<RegisteredCard> renew_cardholder(const CaClient& ca, const Party& cardholder,
                                        const CardToRegister& card, const Clock& clock, Rng& rng) {
  const auto& renewed = cardholder.signature.value().leaf;
  TRY(check_not_ended(renewed, clock()));
  const auto brand = renewed.brand();
  auto key = SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_65, rng);
  auto self = stranger(cardholder);
  self.signer = borrowed<Signer>(key);
  const auto& trust = *cardholder.trust;

  auto init = TRY(make_card_c_init_req(self, brand, clock(), rng));
  const auto init_res = TRY(exchange<CardCInitRes>(ca, init.request, self, brand, clock));
  auto initiated = TRY(accept_card_c_init_res(std::move(init.next), init_res, trust, clock()));
  auto form = TRY(make_reg_form_req(std::move(initiated), self, card.pan, "en", clock(), rng,
                                    RequestType::card_renewal_sig));
  const auto form_res = TRY(exchange<RegFormRes>(ca, form.request, self, brand, clock));
  auto received = TRY(accept_reg_form_res(std::move(form.next), form_res));
  if (const auto* referral = std::get_if<ReferralData>(&received))
    return failure(detail::referred(*referral));
  // A renewal has no questions: nobody may be there to answer them.
  auto cert = TRY(make_card_cert_req(std::get<FormReceived>(std::move(received)), self, card, {},
                                     clock(), rng, &cardholder));
  const auto res = TRY(exchange<CertRes>(ca, cert.request, self, brand, clock));
  auto outcome = TRY(accept_card_cert_res(std::move(cert.next), card, res, trust, clock()));
  if (const auto* refused = std::get_if<CertRefused>(&outcome)) {
    return failure(detail::card_refusal(*refused));
  }
  auto certified = std::get<CardCertified>(std::move(outcome));
  return RegisteredCard{std::move(key), std::move(certified.certificate),
                        std::move(certified.card_secret), std::move(certified.pan_secret)};
}

std::string ca_address_of(const fs::path& directory) {
  auto text = read_text_file(directory / kAddressFile, kMaxAddressBytes).value_or("");
  return text.substr(0, text.find('\n'));
}

Result<void> save_ca_address(const fs::path& directory, const std::string& address) {
  return write_file_atomically(directory / kAddressFile, std::string_view(address + "\n"));
}

}  // namespace set
