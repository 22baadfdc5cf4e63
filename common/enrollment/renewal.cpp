#include "common/enrollment/renewal.h"

#include "common/base/log.h"
#include "common/daemon/files.h"
#include "common/enrollment/pending.h"
#include "common/enrollment/register_parts.h"
#include "common/store/crash_point.h"

namespace set {
namespace {

namespace fs = std::filesystem;
using detail::borrowed;
using detail::exchange;
using detail::is_final;

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

/// Where a renewal's certificates go.
struct RenewalHome {
  const fs::path& directory;
  const KeyLock& lock;
  const Clock& clock;
  Rng& rng;
};

/// The CA's answer to a renewal of everything: what is final ends it.
Result<void> finish_renewal(const detail::PendingEnrollment& pending, const CertAnswer& answer,
                    const Trust& trust, const RenewalHome& home) {
  const auto outcome =
      TRY(accept_party_cert_res(pending.state, pending.keys, answer, trust, home.clock()));
  crash_point("renewal:answered");
  if (const auto* refused = std::get_if<CertRefused>(&outcome)) {
    if (is_final(refused->status)) TRY(detail::remove_pending_renewal(home.directory));
    return failure(detail::party_refusal(*refused));
  }
  return detail::save_identity(home.directory, pending.keys, std::get<PartyCertified>(outcome),
                               trust, home.lock, home.clock(), home.rng);
}

/// The same for the TLS certificate alone.
Result<void> finish_renewal(const detail::PendingTls& pending, const CertAnswer& answer,
                    const Trust& trust, const RenewalHome& home) {
  const auto outcome = TRY(accept_tls_cert_res(pending.state, answer));
  crash_point("renewal:answered");
  if (const auto* refused = std::get_if<CertRefused>(&outcome)) {
    if (is_final(refused->status)) TRY(detail::remove_pending_renewal(home.directory));
    return failure(detail::party_refusal(*refused));
  }
  const TlsIdentity tls{detail::tls_chain_pem(std::get<TlsCertified>(outcome).tls_chain),
                        Secret<std::string>(pending.key.private_key_pem.reveal()),
                        trust.transport_root_pem()};
  TRY(check_tls_identity(tls, home.clock()));
  TRY(Identity::save_tls(home.directory, tls, home.lock, home.rng));
  return detail::remove_pending_renewal(home.directory);
}

/// An inquiry is signed with the key that signed the CertReq: the new one, or the current one where
/// there is no new one.
const Signer& key_that_asked(const detail::PendingEnrollment& pending, const Party&) {
  return pending.keys.signature;
}
const Signer& key_that_asked(const detail::PendingTls&, const Party& party) {
  return *party.signer;
}

/// Ends a renewal whose answer was lost, if there is one: which it was. Nothing: there is none, or
/// the CA never decided it.
Result<RenewalOf> collect_renewal(const CaClient& ca, const Party& party, const RenewalHome& home) {
  auto kept = TRY(detail::load_pending_renewal(home.directory, home.lock));
  if (!kept) return RenewalOf::nothing;
  return std::visit(
      [&](auto& pending) -> Result<RenewalOf> {
        const auto self = detail::with_key(party.trust, key_that_asked(pending, party));
        const auto asked = TRY(
            detail::inquire(ca, pending.state.registration, self, home.clock, home.rng));
        if (!asked) {
          TRY(detail::remove_pending_renewal(home.directory));
          return RenewalOf::nothing;
        }
        pending.state.chall_ee3 = asked->chall_ee3;
        TRY(finish_renewal(pending, asked->answer, *party.trust, home));
        log_info("a renewal whose answer was lost is finished");
        return pending.state.party.renewal;
      },
      *kept);
}

}  // namespace

Result<void> renew_party(const CaClient& ca, const Party& party, const fs::path& directory,
                         const KeyLock& lock, const Clock& clock, Rng& rng) {
  const RenewalHome home{directory, lock, clock, rng};
  if (TRY(collect_renewal(ca, party, home)) == RenewalOf::all) return {};
  const auto& renewed = party.signature.value().leaf;
  TRY(check_not_ended(renewed, clock()));
  const auto who = TRY(party_to_renew(renewed, RenewalOf::all));
  auto keys = TRY(PartyKeys::generate(lock, rng));
  auto initiated = TRY(initiate(ca, party, who, keys.key_exchange, clock, rng));
  const auto self = stranger(party);
  auto cert =
      TRY(make_party_renewal_cert_req(std::move(initiated), keys, self, party, clock(), rng));
  const detail::PendingEnrollment pending{std::move(keys), std::move(cert.next)};
  TRY(detail::save_pending(directory, pending, lock, rng));  // durable before we speak
  crash_point("renewal:kept");
  const auto res = TRY(exchange<CertRes>(ca, cert.request, self, who.brand, clock));
  return finish_renewal(pending, res, *party.trust, home);
}

Result<void> renew_tls(const CaClient& ca, const Party& party, const fs::path& directory,
                       const KeyLock& lock, const Clock& clock, Rng& rng) {
  const RenewalHome home{directory, lock, clock, rng};
  if (TRY(collect_renewal(ca, party, home)) != RenewalOf::nothing) return {};
  const auto& signature = party.signature.value().leaf;
  TRY(check_not_ended(signature, clock()));
  const auto who = TRY(party_to_renew(signature, RenewalOf::tls_alone));
  auto key = TlsKey::generate(rng);
  auto initiated = TRY(initiate(ca, party, who, *party.kem, clock, rng));
  auto cert = TRY(make_tls_cert_req(std::move(initiated), key, party, clock(), rng));
  const detail::PendingTls pending{std::move(key), std::move(cert.next)};
  TRY(detail::save_pending(directory, pending, lock, rng));
  crash_point("renewal:kept");
  const auto res = TRY(exchange<CertRes>(ca, cert.request, party, who.brand, clock));
  return finish_renewal(pending, res, *party.trust, home);
}

Result<RegisteredCard> renew_cardholder(const CaClient& ca, const Party& cardholder,
                                        const CardToRegister& card, CardRegistration registration,
                                        const Clock& clock, Rng& rng) {
  if (registration.pended) {
    if (auto done = TRY(detail::collect_card(ca, cardholder.trust, card,
                                             std::move(*registration.pended), registration, clock,
                                             rng)))
      return std::move(*done);
  }
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
  if (registration.keep) TRY(registration.keep(key, cert.next));  // durable before we speak
  const auto res = TRY(exchange<CertRes>(ca, cert.request, self, brand, clock));
  auto outcome = TRY(accept_card_cert_res(std::move(cert.next), card, res, trust, clock()));
  return detail::card_of_answer(std::move(outcome), std::move(key), registration);
}

std::string ca_address_of(const fs::path& directory) {
  auto text = read_text_file(directory / kAddressFile, kMaxAddressBytes).value_or("");
  return text.substr(0, text.find('\n'));
}

Result<void> save_ca_address(const fs::path& directory, const std::string& address) {
  return write_file_atomically(directory / kAddressFile, std::string_view(address + "\n"));
}

}  // namespace set
